"""What detectors read: columns at bar ends, built piece by piece, each value known at its bar's end."""
