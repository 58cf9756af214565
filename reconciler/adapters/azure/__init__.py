"""The door to the agent pools of an AKS cluster."""
