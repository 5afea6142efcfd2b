"""Wiring and the outside world: tape, sources, ingest, dataflow and command line."""
