"""One setup per file: named conditions over features, the same for both directions."""
