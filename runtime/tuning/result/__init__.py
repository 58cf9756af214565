"""The trained adapter: made fit to leave the machine, described, and delivered."""
