"""From real numbers to codes: scales, groups, codebooks and planes with little error."""
