"""Towline: a GitOps reconciler for GPU model workspaces."""
