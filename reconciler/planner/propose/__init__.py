"""What came of a fine-tuning, as the next commit: which workspace's file becomes what, and why."""
