"""Where other people's YAML is parsed: a process that may be killed."""
