"""What the gateway serves: one module per group of paths."""
