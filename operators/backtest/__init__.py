"""What a backtest says of plans that ended: performance in R, how true the probabilities were, and equity."""
