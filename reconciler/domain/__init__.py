"""The nouns of the house: frozen values that import no other room."""
