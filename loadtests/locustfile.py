"""Entry for Locust. Every User class visible here is run; the module is loaded under another name, so no state."""

from locust import events

from loadtests import run_hooks
from loadtests.gateway_user import GatewayUser

__all__ = ["GatewayUser"]

run_hooks.install(events)
