"""One engine decides every entry, stop, target, probability and runner, in signed distances from the entry."""
