"""A fine-tuning that finishes: one document in, an adapter in a registry or on a volume out."""
