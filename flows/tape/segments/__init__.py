"""The tape on disk: records in order, in append-only segment files, written by one process and read by many."""
