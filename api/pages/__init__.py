"""The pages' files: HTML, styles and scripts, served as they stand here.  Rule: they hold no data; they ask the API."""
