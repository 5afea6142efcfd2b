"""Recorded days as tapes: finding the files, reading them in pieces, and keeping what cannot be used."""
