"""Simulated trading: a market from a seed, a big tape for measuring, and the day that the demo shows."""
