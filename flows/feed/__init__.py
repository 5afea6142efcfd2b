"""The live feed: what the vendor's WebSocket says, a client that follows it for hours, and the repair of its gaps."""
