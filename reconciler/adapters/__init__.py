"""The doors: one vendor a file, and no decision in any."""
