"""The study as data: catalogues and a selection, validated before anything runs."""
