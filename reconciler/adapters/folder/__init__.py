"""A folder as a source, now and in the past."""
