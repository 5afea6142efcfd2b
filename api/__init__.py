"""The HTTP and WebSocket edge: reads the sinks, appends commands."""
