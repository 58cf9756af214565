"""The engine for machines without a GPU: transformers with continuous batching, its choices made a request at
a time."""
