"""A model that answers: one document in, an OpenAI-compatible server out."""
