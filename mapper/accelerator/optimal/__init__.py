"""The optimal mapper: fewest bytes by integer programs, then fewest cycles by exact simulation."""
