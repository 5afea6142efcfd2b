"""The structured plan: one document, one builder, for every consumer."""
