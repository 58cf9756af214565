"""What a pass found to be true of every workspace, and of the fleet."""
