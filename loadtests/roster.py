"""The workers of a run: who is admitted, who is refused and why, and who has fallen silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SILENT_AFTER_S = 4.0


@dataclass(slots=True, kw_only=True)
class Worker:
    """A worker with a share of the plan. `report` is the last it said (see `loadtests.worker_part`)."""

    client_id: str  # Locust's name for it, unique in the world
    name: str  # host and process, for people
    index: int
    report: Mapping[str, Any]
    seen: float  # monotonic seconds
    lost: str | None = None  # why it counts as lost

    @property
    def state(self) -> str:
        """planned | standing | going | ended, or new while it has not laid out its share."""
        return str(self.report["state"])

    @property
    def ended(self) -> bool:
        """Whether nothing more is to be expected of it."""
        return self.lost is not None or self.state == "ended"


@dataclass(slots=True, kw_only=True)
class Roster:
    """Admits so many workers, each with the share of its place, and keeps out everyone else."""

    run: str
    version: str
    token: str  # what workers started for this run know; empty where anyone may join
    places: int
    closed: bool = False  # once the run starts
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)  # by client: name, reason
    _workers: dict[str, Worker] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Worker]:
        return iter(list(self._workers.values()))

    def __len__(self) -> int:
        return len(self._workers)

    def get(self, client_id: str) -> Worker | None:
        """The admitted worker of that name."""
        return self._workers.get(client_id)

    def hear(self, client_id: str, report: Mapping[str, Any], now: float) -> Worker | str:
        """Take a report: the worker it is from, or the reason why it has no part in this run."""
        if client_id in self.refused:
            return self.refused[client_id][1]
        worker = self._workers.get(client_id)
        if worker is not None and report.get("run") in (self.run, worker.report.get("run")):
            worker.report, worker.seen = report, now
            return worker
        objection = self._objection(report)
        if objection is not None:
            return self.refuse(client_id, str(report.get("name")), objection)
        free = min(set(range(self.places)) - {each.index for each in self})
        worker = Worker(client_id=client_id, name=str(report["name"]), index=free, report=report, seen=now)
        self._workers[client_id] = worker
        return worker

    def refuse(self, client_id: str, name: str, reason: str) -> str:
        """Keep a worker out of this run for good."""
        self.refused[client_id] = (name, reason)
        self._workers.pop(client_id, None)
        return reason

    def silent(self, now: float, after_s: float = SILENT_AFTER_S) -> list[Worker]:
        """Workers that are needed and were not heard of for so long."""
        return [each for each in self if not each.ended and now - each.seen > after_s]

    def forgive(self, stall_s: float) -> None:
        """The listener itself stood still for so long; nobody is to blame for not being heard meanwhile."""
        for worker in self:
            worker.seen += stall_s

    def _objection(self, report: Mapping[str, Any]) -> str | None:
        version = report.get("version")
        if version != self.version:
            return f"runs slagate {version}, this run is by {self.version}"
        if report.get("run") not in (None, self.run) and report.get("state") != "ended":
            return f"belongs to another run ({report.get('run')})"
        if self.token and report.get("token") != self.token:
            return "was not started for this run"
        if self.closed:
            return "came after the run had started"
        if len(self) >= self.places:
            return f"is one too many: all {self.places} places are taken"
        return None
