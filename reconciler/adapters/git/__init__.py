"""The doors to Git: a config repository that is read, a status branch that is written."""
