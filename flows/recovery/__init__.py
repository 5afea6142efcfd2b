"""Going on where a run ended: what is kept beside the engine's own snapshots, and how it is found again."""
