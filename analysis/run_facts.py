"""What plan.json, end.json and gateway.json say about a run, as far as judging needs it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from scenarios.duration import duration_text, parse_duration
from scenarios.errors import RunFolderError
from scenarios.kinds import CustomKind
from scenarios.run_folder import RunFolder
from scenarios.sla import Sla

COMPLETED = "completed"
INTERRUPTED = "interrupted"
CURTAILED = "curtailed"  # nothing could change the verdict any more
STOPPED_BY_RULE = "stopped-by-rule"  # the evidence sufficed for a rule that was chosen before the run


@dataclass(frozen=True, slots=True, kw_only=True)
class EndFacts:
    """How a run ended, in the sender's own words and counts."""

    ended: str
    reason: str | None
    ended_ns: int
    due: int  # arrivals planned before the stop: each must have a row
    not_due: int
    due_by_kind: Mapping[str, int]  # of those after the warm-up
    missing: tuple[int, ...]  # arrival numbers, the first of them
    missing_total: int
    recorder_failure: str | None
    pool_waits: int
    cpu_share: float | None
    clock_offset_ms: float = 0.0  # the worker's wall clock that was furthest from the master's
    stopped_ns: int | None = None  # since when nothing more was sent; None where it went to its planned end


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """A run as planned and as ended. `end` is None when everything was killed before it could be written."""

    slas: tuple[Sla, ...]
    slagate: str
    run_id: str
    seed: int
    digest: str
    scenario: str
    target: str
    traffic: str  # phases and journeys, as the plan has them
    tags: Mapping[str, Any]
    assurance: str
    longest_stall_s: float | None
    cycle_s: float | None  # length of a declared load cycle
    maintenance: tuple[tuple[int, int], ...]  # announced before the run: [from, to) in nanoseconds
    time_outs_s: Mapping[str, float]
    t0_ns: int
    warm_up_ns: int
    length_ns: int  # as planned, warm-up included
    planned_total: int
    planned_by_kind: Mapping[str, int]  # of those after the warm-up
    end: EndFacts | None
    torn: int  # last rows dropped because their writer was killed
    gateway_cpu_share: float | None
    custom_kinds: tuple[CustomKind, ...] = ()
    command: tuple[str, ...] = ()  # the command line that made the run
    earlier_attempts: tuple[Mapping[str, Any], ...] = ()  # INVALID runs that this one repeats
    follow_ups_at_most: Mapping[str, int] = field(default_factory=dict)  # as the plan expected them

    @property
    def traits(self) -> tuple[str, ...]:
        """What runs must share to be judged as one: scenario, target, length, traffic and SLA, whatever the seed."""
        length = duration_text(self.length_ns / 1e9)
        return (
            self.scenario,
            self.target,
            length,
            self.traffic,
            " and ".join(clause.describe() for sla in self.slas for clause in sla.clauses),
        )

    @property
    def smoke(self) -> bool:
        return self.assurance == "smoke"

    @property
    def due(self) -> int:
        """Arrivals that must have a row; where nobody wrote how the run ended, every one that can have been due."""
        return self.end.due if self.end else self.planned_total + sum(self.follow_ups_at_most.values())

    @property
    def due_by_kind(self) -> Mapping[str, int]:
        """Arrivals after the warm-up that must have a row."""
        if self.end:
            return self.end.due_by_kind
        return Counter(self.planned_by_kind) + Counter(self.follow_ups_at_most)

    @property
    def interrupted(self) -> bool:
        return self.end is not None and self.end.ended == INTERRUPTED


def read_run_facts(folder: RunFolder, *, torn: int) -> RunFacts:
    """The facts of a run folder. Raises RunFolderError where a file is missing, unreadable or lacks a key."""
    plan, end, gateway = folder.read_plan(), folder.read_end(), folder.read_gateway()
    try:
        return RunFacts(
            slas=tuple(Sla.model_validate(each) for each in plan["slas"]),
            slagate=str(plan["slagate"]),
            run_id=str(plan["run_id"]),
            seed=int(plan["seed"]),
            digest=str(plan["digest"]),
            scenario=str(plan["scenario"]["name"]),
            target=str(plan["target"]["name"]),
            traffic=_traffic(plan["scenario"]),
            tags=dict(plan["tags"]),
            assurance=str(plan["scenario"]["assurance"]),
            longest_stall_s=_optional_duration(plan["scenario"].get("longest_stall")),
            maintenance=tuple((int(start), int(end)) for start, end in plan.get("maintenance_ns", ())),
            cycle_s=_optional_duration(plan["scenario"].get("load_cycle")),
            time_outs_s={name: parse_duration(text) for name, text in plan["target"]["time_outs"].items()},
            t0_ns=int(plan["t0_ns"]),
            warm_up_ns=int(plan["warm_up_ns"]),
            length_ns=int(plan["length_ns"]),
            planned_total=int(plan["planned"]["total"]),
            planned_by_kind=_counts(plan["planned"]["measured_by_kind"]),
            end=None if end is None else _end_facts(end),
            torn=torn,
            gateway_cpu_share=None if gateway is None else _optional_float(gateway.get("cpu_share")),
            custom_kinds=tuple(
                CustomKind(int(each["number"]), str(each["kind"]), str(each["class"]))
                for each in plan.get("kinds", ())
            ),
            command=tuple(str(word) for word in plan.get("command", ())),
            earlier_attempts=tuple(folder.read_attempts()),
            follow_ups_at_most=_counts(plan["planned"].get("follow_ups_expected_by_kind", {})),
        )
    except KeyError as error:
        raise RunFolderError(
            f"run folder {folder.path}: plan.json or end.json lacks the key {error}"
        ) from error
    except (ValidationError, TypeError, ValueError, AttributeError) as error:
        raise RunFolderError(
            f"run folder {folder.path}: plan.json or end.json is not as slagate writes it: {error}"
        ) from error


def _traffic(scenario: Mapping[str, Any]) -> str:
    """Everything that decides what is sent, but for the seed, as text to compare."""
    keys = ("phases", "journeys", "people", "money", "warm_up", "think", "follow_ups", "retries")
    deciding = {key: scenario.get(key) for key in keys}
    return json.dumps(deciding, sort_keys=True, separators=(",", ":"))


def _end_facts(end: Mapping[str, Any]) -> EndFacts:
    generator = end.get("generator") or {}
    return EndFacts(
        ended=str(end["ended"]),
        reason=end.get("reason"),
        stopped_ns=None if end.get("stopped_ns") is None else int(end["stopped_ns"]),
        ended_ns=int(end["ended_ns"]),
        due=int(end["due"]),
        not_due=int(end.get("not_due", 0)),
        due_by_kind=_counts(end["due_by_kind"]["measured"]),
        missing=tuple(int(each) for each in end.get("missing", ())),
        missing_total=sum(_counts(end.get("missing_by_kind", {})).values()),
        recorder_failure=end.get("recorder_failure"),
        pool_waits=int(generator.get("pool_waits", 0)),
        cpu_share=_optional_float(generator.get("cpu_share")),
        clock_offset_ms=max(
            (float(each.get("clock_offset_ms") or 0.0) for each in end.get("workers", ())),
            key=abs,
            default=0.0,
        ),
    )


def _counts(raw: Mapping[str, Any]) -> dict[str, int]:
    return {str(kind): int(count) for kind, count in raw.items()}


def _optional_float(raw: Any) -> float | None:
    return None if raw is None else float(raw)


def _optional_duration(raw: Any) -> float | None:
    return None if raw is None else parse_duration(raw)
