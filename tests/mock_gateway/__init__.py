"""The mock gateway, tested mostly as a process behind a real socket."""
