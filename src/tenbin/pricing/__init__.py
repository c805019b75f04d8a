"""What a study costs before it runs: FLOPs, GPU-hours, memory, disk, and what of it is stale."""
