"""Rows to learn from: found, judged one by one, and written down in one form before any model is loaded."""
