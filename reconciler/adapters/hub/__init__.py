"""The door to Hugging Face."""
