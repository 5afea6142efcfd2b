"""What was known at an instant: last price, bars, option chain.  Nothing that came later is ever looked at."""
