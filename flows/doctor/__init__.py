"""Looking over a machine, a database, a tape and the way to the feed: what would go wrong, and what to do."""
