"""What we know of models, GPUs and prices, and the arithmetic on it. Pure: values in, values out."""
