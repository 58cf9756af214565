"""How far a tuning has come: rows on disk, and what metrics, pictures and messages tell of them."""
