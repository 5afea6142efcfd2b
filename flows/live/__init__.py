"""Following the market: one process writes the tape, this one reads it through the dataflow."""
