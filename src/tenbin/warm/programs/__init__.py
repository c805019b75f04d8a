"""A launcher under each script's name, where $TENBIN_SCRIPTS points to in jobs that may start warm."""
