"""Text: source files are fetched, and their documents are extracted into shards, one split at a time."""
