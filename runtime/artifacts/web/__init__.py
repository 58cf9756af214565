"""Files by their addresses, which a person chose and nobody else vouches for."""
