"""Key levels: prices that the market remembers, each with its kind, its strength and the instant it was known."""
