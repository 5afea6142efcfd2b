"""Bars: what a symbol's prints amount to per minute, folded into longer intervals, and adjusted for splits."""
