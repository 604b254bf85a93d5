"""The Locust user: one lane, which sends one transaction at a time and waits for the next in between."""

from __future__ import annotations

import ssl

from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError
from locust import User, task
from locust.contrib.fasthttp import LocustUserAgent
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import Runner
from locust.stats import StatsError

from loadtests.connections.faults import ConnectionFailedError, UnreadableReplyError, mapped
from loadtests.connections.trust import tls_context
from loadtests.engine import Engine
from loadtests.engines import engine_of
from loadtests.http_client import Limits
from loadtests.locust_statistics import Failure, feed
from loadtests.sender import Sent
from loadtests.transaction import Call, Reply
from scenarios.kinds import Kind
from scenarios.observation import Rows
from scenarios.target import Tls

# how geventhttpclient's parser says that the connection ended within a reply
_CLOSED_EARLY = ("Incomplete response", "Invalid EOF state", "connection closed")


class GatewayUser(User):
    """A lane. It has no think time of its own: the plan says when each arrival is due."""

    @task
    def serve(self) -> None:
        """Serve arrivals until the run is over."""
        engine = engine_of(self.environment)
        client = engine.client()
        if engine.target.client.engine == "fasthttp":
            client = FastHttpClient(engine.limits, engine.target.tls)
        _feed_statistics(self.environment, engine)
        listened_to = bool(self.environment.events.request._handlers)
        engine.serve(client, self._report if listened_to else None)
        raise StopUser

    def _report(self, sent: Sent) -> None:
        """Tell whoever listens to Locust's `request` event. Its response time is ours: from the planned moment."""
        self.environment.events.request.fire(
            request_type=sent.wire,
            name=sent.kind,
            response_time=sent.response_ms,
            response_length=sent.reply_bytes,
            exception=TransactionFailed(sent.failure) if sent.failure else None,
            context={},
            start_time=sent.started_ns / 1e9,
            url=sent.url,
            response=None,
        )


def _feed_statistics(environment: Environment, engine: Engine) -> None:
    """Let the engine's rows be what Locust's statistics are fed from; an event for each request costs more than the
    request. Its own listener is taken off, as the rows bring the same numbers a tenth of a second later; the event is
    fired for whoever else listens when a user starts."""
    handlers = environment.events.request._handlers
    handlers[:] = [handler for handler in handlers if handler.__module__ != Runner.__module__]

    kinds = {int(kind): kind for kind in (*Kind, *engine.target.custom_kinds)}

    def on_rows(rows: Rows, failures: list[Failure]) -> None:
        feed(environment.stats, rows, failures, kinds=kinds, stats_error=StatsError)

    engine.on_rows = on_rows


class TransactionFailed(Exception):  # noqa: N818 - a name for Locust's failure table, never raised
    """An attempt that is not an answer, as Locust's failure table shows it."""


class FastHttpClient:
    """What Locust's FastHttpUser sends with, behind our client's two methods, to compare with.

    geventhttpclient sends a request again when a kept connection turns out dead; so each goes out on a connection of
    its own, which nothing can have closed while it lay idle. `first_byte_s` is its only time-out after connecting.
    """

    def __init__(self, limits: Limits, tls: Tls) -> None:
        def trusting() -> ssl.SSLContext:
            context: ssl.SSLContext = tls_context(tls)
            return context

        self._agent = LocustUserAgent(
            insecure=not tls.verify,
            ssl_context_factory=trusting,
            connection_timeout=limits.connect_s,
            network_timeout=limits.first_byte_s,
        )

    def exchange(self, call: Call) -> Reply:
        """Send once and wait for the whole reply."""
        headers = {**call.headers, "Connection": "close"}
        for line in call.own_lines.decode("latin-1").splitlines():
            name, _, value = line.partition(": ")
            headers[name] = value
        request = self._agent._make_request(call.url, method="POST", headers=headers, payload=call.body)
        try:
            # not urlopen, which tries again and takes a status for an error
            said = self._agent._urlopen(request)
            return Reply(status=said.status_code, body=said.content or b"")
        except Exception as error:
            fault = _fault(error)
            if fault is error:
                raise
            raise fault from error

    def close(self) -> None:
        """Close every connection."""
        self._agent.clientpool.close()


def _fault(error: Exception) -> Exception:
    said = str(error.args[0]) if error.args else ""
    if isinstance(error, HTTPConnectionClosed) or said.startswith(_CLOSED_EARLY):
        return ConnectionFailedError("closed before the reply was whole")
    if isinstance(error, HTTPParseError):
        return UnreadableReplyError(said or "not an HTTP reply")
    return mapped(error)
