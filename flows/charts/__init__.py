"""Charts as self-contained pages: inline SVG, no script, nothing fetched."""
