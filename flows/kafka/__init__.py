"""A tape on a Kafka topic: published from a tape's folder, read by many.  The client is an extra and imported late."""
