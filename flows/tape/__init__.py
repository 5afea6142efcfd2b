"""Tapes, recorded or growing: finding them, reading them in pieces, and keeping what cannot be used."""
