"""A Workspace to a Blueprint: every open choice made."""
