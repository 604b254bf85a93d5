"""One module per wire, each with `build_call` and `classify_reply`."""
