"""The Locust user: one lane, which sends one transaction at a time and waits for the next in between."""

from __future__ import annotations

import ssl
from typing import Any

from locust import User, task
from locust.contrib.fasthttp import FastHttpSession
from locust.env import Environment
from locust.event import EventHook
from locust.exception import StopUser
from locust.runners import Runner
from locust.stats import StatsError

from loadtests.connections.trust import tls_context
from loadtests.engine import Engine
from loadtests.engines import engine_of
from loadtests.http_client import ConnectionFailedError, Limits, NoAnswerInTimeError, UnreadableReplyError
from loadtests.locust_statistics import Failure, feed
from loadtests.sender import Sent
from loadtests.transaction import Call, Reply
from scenarios.kinds import Kind
from scenarios.observation import Rows
from scenarios.target import Tls


class GatewayUser(User):
    """A lane. It has no think time of its own: the plan says when each arrival is due."""

    @task
    def serve(self) -> None:
        """Serve arrivals until the run is over."""
        engine = engine_of(self.environment)
        client = engine.client()
        if engine.target.client.engine == "fasthttp":
            client = FastHttpClient(self, engine.limits, engine.target.tls)
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
    """Locust's FastHttpSession behind our client's two methods, to compare with.

    geventhttpclient sends a request again when a kept connection turns out dead; so each goes out on a connection of
    its own, which nothing can have closed while it lay idle.
    """

    def __init__(self, user: User, limits: Limits, tls: Tls) -> None:
        def trusting() -> ssl.SSLContext:
            context: ssl.SSLContext = tls_context(tls)
            return context

        self._session = FastHttpSession(
            base_url=None,
            request_event=EventHook(),  # nobody's: the transaction is reported, not its request
            user=user,
            insecure=not tls.verify,
            ssl_context_factory=trusting,
            connection_timeout=limits.connect_s,
            network_timeout=limits.first_byte_s,
            max_redirects=0,
            max_retries=1,
        )

    def exchange(self, call: Call) -> Reply:
        """Send once and wait for the whole reply."""
        headers = {**call.headers, "Connection": "close"}
        for line in call.own_lines.decode("latin-1").splitlines():
            name, _, value = line.partition(": ")
            headers[name] = value
        post: Any = self._session.post  # takes bytes, whatever its types say
        said = post(call.url, data=call.body, headers=headers, allow_redirects=False)
        if said.error is not None and not said.status_code:
            raise _fault(said.error)
        return Reply(status=said.status_code, body=said.content or b"")

    def close(self) -> None:
        """Close every connection."""
        self._session.client.clientpool.close()


def _fault(error: Exception) -> Exception:
    if isinstance(error, TimeoutError):
        return NoAnswerInTimeError(str(error) or "timed out")
    if isinstance(error, OSError):
        return ConnectionFailedError(str(error) or type(error).__name__)
    return UnreadableReplyError(str(error) or type(error).__name__)
