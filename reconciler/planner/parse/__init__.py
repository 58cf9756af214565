"""A blob of YAML to documents: bounded, with the place of every field."""
