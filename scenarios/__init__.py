"""What is declared and what is shared: traffic, service levels, targets, and the row that both sides use."""
