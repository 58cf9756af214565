"""What is written to the status branch: files, page, badges and sentences."""
