"""Artifacts and images in a registry, by the distribution protocol (opencontainers/distribution-spec v1.1).

The `oras` library was tried and left: it waits without bounds, holds whole blobs in memory, offers a token of
one scope again where another is asked for, reads no named Docker configuration and resumes nothing.
"""
