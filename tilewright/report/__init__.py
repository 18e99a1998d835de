"""Reports: one page of HTML each, which needs nothing else."""
