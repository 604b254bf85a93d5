"""What one run is to do, fixed before its first request; it becomes plan.json."""

from __future__ import annotations

import os
import platform
import secrets
import sys
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from loadtests.expected import count_follow_ups
from loadtests.lanes import lanes_needed
from loadtests.schedule import Arrivals, Share, plan_arrivals
from loadtests.succession import Succession
from scenarios.journeys import STEPS, Journey
from scenarios.kinds import FIRST_CUSTOM_KIND, AnyKind, Wire
from scenarios.observation import OBSERVATION
from scenarios.scenario import Scenario
from scenarios.sla import Sla
from scenarios.target import Target

_NONCE_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_JOURNEY_CODES = 256  # a byte of the schedule
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
    share: Share = field(default_factory=Share)  # the part that this process sends; by default all of it

    @cached_property
    def arrivals(self) -> Arrivals:
        """Every planned root arrival of this share."""
        return plan_arrivals(self.scenario, self.seed, self.share)

    def of_worker(self, index: int, workers: int) -> RunPlan:
        """The same plan as one of several workers sends it."""
        return replace(self, share=Share(index=index, of=workers))

    @cached_property
    def lanes(self) -> int:
        """Locust users; raises DeclarationError where one process cannot carry them."""
        return lanes_needed(self.arrivals.offset_ns, self.largest_limit_s, self._transactions_by_root)

    def lanes_of(self, workers: int) -> list[int]:
        """Locust users of each of so many workers; raises DeclarationError where one cannot carry its share."""
        if workers == 1:
            return [self.lanes]
        offsets, by_root = self.arrivals.offset_ns, self._transactions_by_root
        return [
            lanes_needed(
                offsets[index::workers],
                self.largest_limit_s,
                None if by_root is None else by_root[index::workers],
            )
            for index in range(workers)
        ]

    @property
    def _transactions_by_root(self) -> npt.NDArray[np.uint8] | None:
        """How many transactions each root brings if every answer leads on; None where it is one each."""
        counts = np.ones(_JOURNEY_CODES, dtype=np.uint8)
        for journey, _ in self.scenario.journey_weights:
            counts[journey] = self.scenario.step_count(journey)
        return counts[self.arrivals.journey] if counts.max() > 1 else None

    @cached_property
    def succession(self) -> Succession | None:
        """What follows each attempt; None where nothing ever does."""
        if not self.scenario.may_follow:
            return None
        first_kinds = {journey: self.steps(journey)[0] for journey, _ in self.scenario.journey_weights}
        return Succession(self.scenario, self.seed, first_kinds)

    @cached_property
    def follow_ups_at_most(self) -> dict[str, int]:
        """Follow-ups by kind if each step is answered at once and as hoped; later ones come after the run's end."""
        return self.count_follow_ups()

    def count_follow_ups(self, first_ns: int = 0) -> dict[str, int]:
        """Those of them that are due at offsets from `first_ns`."""
        if self.succession is None:
            return {}
        return count_follow_ups(self.succession, self.scenario, self.arrivals, first_ns)

    @property
    def transactions_at_most(self) -> int:
        """Everything that may be sent: roots and follow-ups, each as often as retries allow."""
        attempts = 1 + (self.scenario.retries.most if self.scenario.retries.declared else 0)
        return attempts * (len(self.arrivals) + sum(self.follow_ups_at_most.values()))

    @property
    def length_ns(self) -> int:
        """Planned length, warm-up included: what would follow after it never comes due."""
        return round(self.scenario.length_s * 1e9)

    def digest_of(self, index: int, workers: int) -> str:
        """The digest of one worker's share, cut from the whole, as that worker must find it."""
        whole, part = self.arrivals, slice(index, None, workers)
        return Arrivals(
            root=whole.root[part], offset_ns=whole.offset_ns[part], journey=whole.journey[part]
        ).digest()

    @property
    def largest_limit_s(self) -> float:
        """The longest limit of all clauses."""
        return max(sla.largest_limit_s for sla in self.slas)

    @property
    def wires(self) -> set[str]:
        """Names of the wires that the scenario's journeys use."""
        return {self.target.wire_of(kind).text for kind in self.kinds} - {Wire.CUSTOM.text}

    @property
    def kinds(self) -> set[AnyKind]:
        """Kinds of transaction that the scenario's journeys hold."""
        return {kind for journey, _ in self.scenario.journey_weights for kind in self.steps(journey)}

    def steps(self, journey: int) -> tuple[AnyKind, ...]:
        """Every kind of a journey, its first step's first; a custom journey's only one is the target's of that name."""
        if journey < FIRST_CUSTOM_KIND:
            return STEPS[Journey(journey)]
        name = self.scenario.custom_journey_names[journey - FIRST_CUSTOM_KIND]
        return tuple(kind for kind in self.target.custom_kinds if kind.text == name)

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
        counts = np.bincount(self.arrivals.journey[places], minlength=_JOURNEY_CODES)
        by_kind: dict[str, int] = {}
        for journey, _ in self.scenario.journey_weights:
            kind = self.steps(journey)[0].text
            by_kind[kind] = by_kind.get(kind, 0) + int(counts[journey])
        return by_kind

    def to_message(self) -> dict[str, Any]:
        """The plan as JSON for another process, without secrets; the share is said apart."""
        return {
            "scenario": self.scenario.model_dump(mode="json", by_alias=True),
            "slas": [sla.model_dump(mode="json", by_alias=True) for sla in self.slas],
            "target": self.target.model_dump(mode="json"),
            "seed": self.seed,
            "nonce": self.nonce,
            "tags": self.tags,
            "command": list(self.command),
        }

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> RunPlan:
        """The plan that another process sent."""
        return cls(
            scenario=Scenario.model_validate(message["scenario"]),
            slas=tuple(Sla.model_validate(sla) for sla in message["slas"]),
            target=Target.model_validate(message["target"]),
            seed=message["seed"],
            nonce=message["nonce"],
            tags=message["tags"],
            command=tuple(message["command"]),
        )

    def to_json(self, *, run_id: str, t0_ns: int, workers: int = 1) -> dict[str, Any]:
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
            "payers": list(self.scenario.people.payer_ids),
            "kinds": self._custom_kinds_json(),
            "planned": {
                "total": len(self.arrivals),
                "by_kind": self.counts_by_kind(),
                "measured_by_kind": self.counts_by_kind(self.warm_up_ns),
                "follow_ups_expected_by_kind": self.follow_ups_at_most,
            },
            "warm_up_ns": self.warm_up_ns,
            "maintenance_ns": [each.window_ns(t0_ns) for each in self.scenario.maintenance],
            "length_ns": self.length_ns,
            "drain_ns": round(self.drain_s * 1e9),
            "lanes": sum(self.lanes_of(workers)),
            "workers": workers,
            "row": [list(part) for part in OBSERVATION.descr],
            "versions": {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES},
            "host": {
                "system": platform.platform(),
                "machine": platform.machine(),
                "cpus": os.cpu_count(),
                "byte_order": sys.byteorder,
            },
        }

    def _custom_kinds_json(self) -> list[dict[str, Any]]:
        """The user's own kinds as rows number them, and which files spoke for them."""
        return [
            {
                "number": int(kind),
                "kind": kind.text,
                "class": kind.group,
                "module": declared.module,
                "sha256": sha256(Path(declared.module).read_bytes()).hexdigest(),
            }
            for kind, declared in zip(self.target.custom_kinds, self.target.custom, strict=True)
        ]

    def _target_json(self) -> dict[str, Any]:
        content = self.target.model_dump(mode="json")
        content["time_outs"]["connect"] = f"{self.connect_s:g}s"
        if self.target.echeck is not None:
            content["echeck"]["account_number"] = f"***{self.target.echeck.account_number[-4:]}"
        content["auth"] = {
            name: ref | {"value": "***"} for name, ref in content["auth"].items() if ref is not None
        }
        return content
