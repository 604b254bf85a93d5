"""HTTP/1.1 over TCP and TLS for load: connections, reply framing, addresses, deadlines. `http_client` is the door."""
