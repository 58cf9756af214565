"""Decisions, all of them: values in, values with a because out. No SDK, no thread, no file, no clock."""
