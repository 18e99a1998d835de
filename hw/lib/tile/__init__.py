"""Components of engines that do a tile of M x N x K products per step."""
