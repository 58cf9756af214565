"""Blueprints to everything asked for: rendered objects, pools, budgets."""
