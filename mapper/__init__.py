"""What runs where: importers, and the way from a network to jobs."""
