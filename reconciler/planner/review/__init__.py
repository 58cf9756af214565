"""What a pull request changes: two plans beside each other, and nothing in it that is anybody's secret."""
