"""The embedded Kubernetes API, by its rules, by its wire and by kubectl."""
