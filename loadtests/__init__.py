"""Plans traffic, sends it through Locust, and records what happened to each arrival."""
