"""The scanner: features of closed bars, detectors that read them, candidates, and which of those become plans."""
