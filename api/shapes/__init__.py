"""What goes over the wire: one model per shape; the OpenAPI document is made of these."""
