"""The Locust user: one lane, which sends one transaction at a time and waits for the next in between."""

from __future__ import annotations

from locust import User, task
from locust.exception import StopUser

from loadtests.engines import engine_of
from loadtests.sender import Sent


class GatewayUser(User):
    """A lane. It has no think time of its own: the plan says when each arrival is due."""

    @task
    def serve(self) -> None:
        """Serve arrivals until the run is over."""
        engine_of(self.environment).serve(self._report)
        raise StopUser

    def _report(self, sent: Sent) -> None:
        """Feed Locust's own statistics. Its response time is ours: from the planned moment."""
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


class TransactionFailed(Exception):  # noqa: N818 - a name for Locust's failure table, never raised
    """An attempt that is not an answer, as Locust's failure table shows it."""
