"""Where workers' messages arrive in Locust's master, whichever run they are for."""

from __future__ import annotations

from typing import Any

from locust.env import Environment
from locust.rpc import Message
from locust.runners import MasterRunner

from loadtests.conductor import BATCH, REPORT, Conductor
from loadtests.lane_dispatcher import fixed_lanes


class MasterDesk:
    """Passes messages on to the conductor of the present run and fixes the users' numbers as it says."""

    def __init__(self, environment: Environment, runner: MasterRunner) -> None:
        self._runner = runner
        self.conductor: Conductor | None = None
        runner.register_message(REPORT, self._on_report)
        runner.register_message(BATCH, self._on_batch)
        environment.dispatcher_class = fixed_lanes(self._lanes)  # type: ignore[assignment]

    def send(self, client_id: str, kind: str, content: dict[str, Any]) -> None:
        """A message to one worker."""
        self._runner.send_message(kind, content, client_id)

    def _lanes(self) -> dict[str, int]:
        return self.conductor.lanes if self.conductor is not None else {}

    def _on_report(self, msg: Message, **_: Any) -> None:
        if self.conductor is not None:
            self.conductor.hear(msg.node_id, msg.data)

    def _on_batch(self, msg: Message, **_: Any) -> None:
        if self.conductor is not None:
            self.conductor.store(msg.node_id, msg.data)
