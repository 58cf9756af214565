"""What Towline consists of in a cluster, and what it may do there. Pure, as all of the planner."""
