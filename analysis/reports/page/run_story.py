"""What a run says about itself: the generator's health, how it ended, and what it takes to repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.run_facts import COMPLETED, CURTAILED, STOPPED_BY_RULE, RunFacts
from analysis.samples import Samples
from analysis.wording import count_text, percent_text
from scenarios.duration import duration_text
from scenarios.run_folder import RunFolder

Fact = tuple[str, str]  # what, and its value as text


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStory:
    """One recording in words. Values that it does not know are left out."""

    name: str
    summary: tuple[Fact, ...]
    health: tuple[Fact, ...]
    again: tuple[Fact, ...]
    warnings: tuple[str, ...]
    nonce: str | None
    trace_url: str | None
    payers: tuple[str, ...]


def tell_run(samples: Samples) -> RunStory:
    """The story of a run folder, or the little that a file of another tool tells."""
    if samples.run is None:
        return _tell_file(samples)
    folder = RunFolder.at(Path(samples.source))
    plan, end, gateway = folder.read_plan(), folder.read_end(), folder.read_gateway()
    target = plan.get("target") or {}
    return RunStory(
        name=samples.run.run_id,
        summary=_known(_summary(samples)),
        health=_known(_health(samples, end or {}, gateway or {})),
        again=_known(_again(plan, samples)),
        warnings=tuple(_warnings(samples)),
        nonce=plan.get("nonce"),
        trace_url=target.get("trace_url"),
        payers=tuple(str(each) for each in plan.get("payers") or ()),
    )


def _tell_file(samples: Samples) -> RunStory:
    name = Path(samples.source).name
    length = duration_text(round((samples.span_ns[1] - samples.span_ns[0]) / 1e9, 3))
    return RunStory(
        name=name,
        summary=(("observation file", name), ("planned over", length), ("rows", count_text(samples.size))),
        health=(),
        again=(("command", f"slagate judge {shlex.quote(Path(samples.source).name)}"),),
        warnings=() if samples.size else ("The file has no rows.",),
        nonce=None,
        trace_url=None,
        payers=(),
    )


def _summary(samples: Samples) -> list[tuple[str, str | None]]:
    run = samples.run
    assert run is not None
    tags = ", ".join(f"{key}={value}" for key, value in run.tags.items())
    return [
        ("scenario", f"{run.scenario}, assurance {run.assurance}"),
        ("target", run.target),
        ("started", moment_text(run.t0_ns)),
        ("planned for", duration_text(run.length_ns / 1e9)),
        ("warm-up", duration_text(run.warm_up_ns / 1e9)),
        ("rows", count_text(samples.size)),
        ("tags", tags or None),
    ]


def _health(
    samples: Samples, end: Mapping[str, Any], gateway: Mapping[str, Any]
) -> list[tuple[str, str | None]]:
    run, generator = samples.run, end.get("generator") or {}
    assert run is not None
    lag, workers = generator.get("own_lag_ms") or {}, end.get("workers") or ()
    lost = sum(bool(each.get("lost")) for each in workers)
    lanes, idle = generator.get("lanes"), generator.get("idle_lanes_min")
    stalls = generator.get("loop_stalls_over_50_ms")
    return [
        ("rate, on average", _rate(run, end)),
        ("arrivals", _arrivals(run.planned_total, end)),
        ("follow-ups", _follow_ups(end)),
        ("retries", _named_counts(end.get("retries") or {})),
        ("own lag", _milliseconds(lag)),
        ("late by 50 ms or more", _count(generator.get("late_over_50_ms"))),
        ("waited for an idle user", _count(generator.get("pool_waits"))),
        (
            "users",
            _count(lanes) and f"{_count(lanes)}, {_count(idle) or 'unknown'} idle at the busiest moment",
        ),
        ("generator's CPU", _core(generator.get("cpu_share"))),
        (
            "loop stalls of 50 ms or more",
            _count(stalls) and f"{_count(stalls)}, longest {generator.get('longest_loop_stall_ms')} ms",
        ),
        ("workers", f"{len(workers)}, {lost} lost" if workers else None),
        ("mock gateway's CPU", _core(gateway.get("cpu_share"))),
        (
            "ended",
            None if not end else f"{end.get('ended')}" + (f": {end['reason']}" if end.get("reason") else ""),
        ),
        ("torn last rows", _count(run.torn) if run.torn else None),
    ]


def _again(plan: Mapping[str, Any], samples: Samples) -> list[tuple[str, str | None]]:
    command = plan.get("command") or ()
    versions, host = plan.get("versions") or {}, plan.get("host") or {}
    return [
        ("command", shlex.join(["slagate", *map(str, command)]) if command else None),
        ("judge again", f"slagate judge {shlex.quote(Path(samples.source).name)}"),
        ("seed", _text(plan.get("seed"))),
        ("digest of the traffic", _text(plan.get("digest"))),
        ("run", _text(plan.get("run_id"))),
        ("nonce in identifiers", _text(plan.get("nonce"))),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items()) or None),
        ("host", ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in host.items()) or None),
    ]


def _warnings(samples: Samples) -> list[str]:
    run, found = samples.run, []
    assert run is not None
    if run.end is None:
        found.append("There is no end.json: the run was killed before it could say how it ended.")
    elif run.end.ended not in (COMPLETED, CURTAILED, STOPPED_BY_RULE):
        reason = f": {run.end.reason}" if run.end.reason else ""
        found.append(f"The run did not complete; it ended as {run.end.ended}{reason}.")
    if not samples.size:
        found.append("Not a single row was recorded, so there is nothing to draw.")
    return found


def stop_sentence(samples: Samples) -> str | None:
    """Why a run did not go to its planned end, where a rule ended it."""
    end = samples.run.end if samples.run is not None else None
    if samples.run is None or end is None or end.ended not in (CURTAILED, STOPPED_BY_RULE):
        return None
    after = (
        ""
        if end.stopped_ns is None
        else f" after {duration_text((end.stopped_ns - samples.run.t0_ns) // 10**9)}"
    )
    return f"Stopped{after} ({end.ended}): {end.reason}."


def moment_text(stamp_ns: int) -> str:
    """A moment in UTC to the second, where it is one of this calendar."""
    try:
        return f"{datetime.fromtimestamp(stamp_ns // 1_000_000_000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return f"{stamp_ns} ns"


def _known(facts: list[tuple[str, str | None]]) -> tuple[Fact, ...]:
    return tuple((what, value) for what, value in facts if value is not None)


def _arrivals(planned: int, end: Mapping[str, Any]) -> str:
    parts = [f"{count_text(planned)} planned"]
    parts += [
        f"{count_text(end[name])} {name.replace('_', ' ')}"
        for name in ("due", "started", "recorded", "not_due")
        if isinstance(end.get(name), int) and (name != "not_due" or end[name])
    ]
    return ", ".join(parts)


def _rate(run: RunFacts, end: Mapping[str, Any]) -> str | None:
    """What came due and what was started a second, until the planned end or the moment of a stop."""
    stopped_ns = run.end.stopped_ns if run.end else None
    seconds = (run.length_ns if stopped_ns is None else stopped_ns - run.t0_ns) / 1e9
    if seconds <= 0:
        return None
    found = [
        f"{end[name] / seconds:.1f} {what}"
        for name, what in (("due", "arrivals/s came due"), ("started", "attempts/s started"))
        if isinstance(end.get(name), int)
    ]
    return ", ".join(found) or f"{run.planned_total / seconds:.1f} arrivals/s planned"


def _follow_ups(end: Mapping[str, Any]) -> str | None:
    """What answers brought, where the journeys have more than one step."""
    due, not_due = end.get("follow_ups_due") or 0, sum((end.get("follow_ups_not_due") or {}).values())
    if not due and not not_due:
        return None
    return f"{count_text(due)} of these, and {count_text(not_due)} that would have come after the end"


def _named_counts(counts: Mapping[str, Any]) -> str | None:
    """Counts that are not all zero, with their names."""
    if not any(counts.values()):
        return None
    return ", ".join(f"{count_text(count)} {name.replace('_', ' ')}" for name, count in counts.items())


def _milliseconds(lag: Mapping[str, Any]) -> str | None:
    known = [f"{name} {value} ms" for name, value in lag.items() if value is not None]
    return ", ".join(known) or None


def _core(share: Any) -> str | None:
    return f"{percent_text(float(share), digits=0)} of a core" if isinstance(share, int | float) else None


def _count(value: Any) -> str | None:
    return count_text(value) if isinstance(value, int) else None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
