"""Proof by killing: runs that die again and again must end with the bytes of one that was left alone."""
