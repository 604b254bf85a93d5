"""What one run is to do, fixed before its first request; it becomes plan.json."""

from __future__ import annotations

import os
import platform
import secrets
import sys
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt

from loadtests.lanes import lanes_needed
from loadtests.schedule import Arrivals, plan_arrivals
from loadtests.transaction import WIRE_OF_KIND
from loadtests.wires.credentials import Credentials
from scenarios.journeys import STEPS, Journey
from scenarios.observation import OBSERVATION
from scenarios.scenario import Scenario
from scenarios.sla import Sla
from scenarios.target import Target

_NONCE_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
DRAIN_BEYOND_LIMIT_S = 2.0
CONNECT_BEYOND_LIMIT_S = 5.0
_PACKAGES = ("slagate", "locust", "gevent", "httptools", "numpy", "scipy", "pydantic")


def new_nonce() -> str:
    """Six letters that tell the identifiers of one run from those of every other."""
    return "".join(secrets.choice(_NONCE_LETTERS) for _ in range(6))


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """Scenario, service levels, target, seed and nonce of one run, and what follows from them."""

    scenario: Scenario
    slas: tuple[Sla, ...]
    target: Target
    seed: int
    nonce: str = field(default_factory=new_nonce)
    tags: dict[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()

    @cached_property
    def arrivals(self) -> Arrivals:
        """Every planned root arrival."""
        return plan_arrivals(self.scenario, self.seed)

    @cached_property
    def lanes(self) -> int:
        """Locust users; raises DeclarationError where one process cannot carry them."""
        return lanes_needed(self.arrivals.offset_ns, self.largest_limit_s)

    @property
    def largest_limit_s(self) -> float:
        """The longest limit of all clauses."""
        return max(sla.largest_limit_s for sla in self.slas)

    @property
    def wires(self) -> set[str]:
        """Names of the wires that the scenario's journeys use."""
        return {
            WIRE_OF_KIND[kind].text for journey, _ in self.scenario.journey_weights for kind in STEPS[journey]
        }

    @property
    def drain_s(self) -> float:
        """How long after its last arrival a run waits for answers."""
        return self.largest_limit_s + DRAIN_BEYOND_LIMIT_S

    @property
    def connect_s(self) -> float:
        """The connect time-out: as declared, else the limit and 5 s."""
        return self.target.time_outs.connect or self.largest_limit_s + CONNECT_BEYOND_LIMIT_S

    @property
    def warm_up_ns(self) -> int:
        """Length of the warm-up, by planned time."""
        return round(self.scenario.warm_up * 1e9)

    def counts_by_kind(self, first_ns: int = 0, before_ns: int | None = None) -> dict[str, int]:
        """Root arrivals planned at offsets from `first_ns` and before `before_ns`, by kind."""
        offsets = self.arrivals.offset_ns
        end = len(offsets) if before_ns is None else int(np.searchsorted(offsets, before_ns, side="left"))
        start = int(np.searchsorted(offsets, first_ns, side="left"))
        return self.counts_of_roots(np.arange(start, max(start, end)))

    def counts_of_roots(self, places: npt.NDArray[np.intp]) -> dict[str, int]:
        """The root arrivals at these places, by kind; every kind of the scenario is named, even with none."""
        counts = np.bincount(self.arrivals.journey[places], minlength=max(Journey) + 1)
        by_kind: dict[str, int] = {}
        for journey, _ in self.scenario.journey_weights:
            kind = STEPS[journey][0].text
            by_kind[kind] = by_kind.get(kind, 0) + int(counts[journey])
        return by_kind

    def to_message(self, credentials: Credentials, run_dir: str) -> dict[str, Any]:
        """The plan as JSON for the engine's pipe; the only place where secrets travel."""
        return {
            "scenario": self.scenario.model_dump(mode="json", by_alias=True),
            "slas": [sla.model_dump(mode="json", by_alias=True) for sla in self.slas],
            "target": self.target.model_dump(mode="json"),
            "seed": self.seed,
            "nonce": self.nonce,
            "tags": self.tags,
            "command": list(self.command),
            "run_dir": run_dir,
            "credentials": {
                "rest_api_key": credentials.rest_api_key,
                "rest_api_secret": credentials.rest_api_secret,
                "basic_user": credentials.basic_user,
                "basic_password": credentials.basic_password,
            },
        }

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> RunPlan:
        """The plan that came through the pipe."""
        return cls(
            scenario=Scenario.model_validate(message["scenario"]),
            slas=tuple(Sla.model_validate(sla) for sla in message["slas"]),
            target=Target.model_validate(message["target"]),
            seed=message["seed"],
            nonce=message["nonce"],
            tags=message["tags"],
            command=tuple(message["command"]),
        )

    def to_json(self, *, run_id: str, t0_ns: int) -> dict[str, Any]:
        """The content of plan.json: facts only, secrets by reference."""
        return {
            "slagate": version("slagate"),
            "run_id": run_id,
            "nonce": self.nonce,
            "seed": self.seed,
            "digest": self.arrivals.digest(),
            "t0_ns": t0_ns,
            "scenario": self.scenario.model_dump(mode="json", by_alias=True),
            "slas": [sla.model_dump(mode="json", by_alias=True) for sla in self.slas],
            "target": self._target_json(),
            "tags": self.tags,
            "command": list(self.command),
            "payers": [payer.id for payer in self.scenario.people.payer_shares],
            "planned": {
                "total": len(self.arrivals),
                "by_kind": self.counts_by_kind(),
                "measured_by_kind": self.counts_by_kind(self.warm_up_ns),
            },
            "warm_up_ns": self.warm_up_ns,
            "maintenance_ns": [each.window_ns(t0_ns) for each in self.scenario.maintenance],
            "length_ns": round(self.scenario.length_s * 1e9),
            "drain_ns": round(self.drain_s * 1e9),
            "lanes": self.lanes,
            "row": [list(part) for part in OBSERVATION.descr],
            "versions": {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES},
            "host": {
                "system": platform.platform(),
                "machine": platform.machine(),
                "cpus": os.cpu_count(),
                "byte_order": sys.byteorder,
            },
        }

    def _target_json(self) -> dict[str, Any]:
        content = self.target.model_dump(mode="json")
        content["time_outs"]["connect"] = f"{self.connect_s:g}s"
        content["auth"] = {
            name: ref | {"value": "***"} for name, ref in content["auth"].items() if ref is not None
        }
        return content
