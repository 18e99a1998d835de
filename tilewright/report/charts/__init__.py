"""Charts as SVG that is as wide as its place: lengths across are percents, heights are pixels."""
