"""A commit's documents to a Config: every workspace judged, every file that cannot be read named."""
