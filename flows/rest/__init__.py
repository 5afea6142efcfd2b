"""The vendor's REST side: one client for trades, option quotes and contracts, with retries, a rate and clear errors."""
