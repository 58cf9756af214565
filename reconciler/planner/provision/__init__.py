"""How nodes are had: what Azure's no means, which way to go next, what was tried, and what it has cost."""
