"""Who leads: what a Lease that was seen allows, and what is to be written into it."""
