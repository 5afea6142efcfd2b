"""Bytes that a vendor sent into rows of ticks, and what may be said of them in the order they came."""
