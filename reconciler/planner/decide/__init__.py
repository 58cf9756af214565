"""Everything asked for against everything seen: the plan, what it may delete, and what is ours afterwards."""
