"""The sandbox, tested at its two doors."""
