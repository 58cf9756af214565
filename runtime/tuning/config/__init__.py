"""What the person wrote in training_config.yaml, read and judged; no library of the GPU is imported here."""
