"""The stream of plan events: one follower of the database per process, one bounded queue per client."""
