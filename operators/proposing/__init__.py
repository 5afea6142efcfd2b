"""From a candidate to a plan: what a symbol's bars say about it, one question to the engine, one decision."""
