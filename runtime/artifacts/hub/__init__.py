"""Models from Hugging Face, or from whatever speaks its API."""
