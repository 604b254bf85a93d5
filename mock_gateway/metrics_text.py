"""The gateway's counters in the text format that Prometheus reads."""

from __future__ import annotations

import time
from collections.abc import Iterable

from mock_gateway.gateway import Gateway
from mock_gateway.response_times import BOUNDS_S

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "mock_gateway_"

Labels = dict[str, str]


def write_metrics(gateway: Gateway) -> str:
    """Everything that is counted, one family after another."""
    now_s = time.monotonic()
    tally = gateway.tally
    stations = [(station, station.count_present(now_s)) for station in gateway.stations]
    families = [
        _family(
            "requests_total",
            "counter",
            "Business requests by route and HTTP status, or reset or black_hole where there is none.",
            (({"route": route, "status": status}, n) for route, status, n in tally.requests()),
        ),
        _family("in_flight", "gauge", "Business requests being worked on.", [({}, tally.in_flight)]),
        _histogram(gateway),
        _family(
            "faults_fired_total",
            "counter",
            "Faults that befell a request.",
            (({"kind": kind}, n) for kind, n in gateway.faults.fired.items()),
        ),
        _family(
            "station_in_service",
            "gauge",
            "Requests being served by a station.",
            (({"station": station.name}, present[0]) for station, present in stations),
        ),
        _family(
            "station_waiting",
            "gauge",
            "Requests waiting at a station.",
            (({"station": station.name}, present[1]) for station, present in stations),
        ),
        _family(
            "station_served_total",
            "counter",
            "Requests that a station has taken.",
            (({"station": station.name}, station.served) for station, _ in stations),
        ),
        _family(
            "ledger_rows_total",
            "counter",
            "Rows in the ledger by action.",
            (({"action": action}, n) for action, n in gateway.ledger.count_rows().items()),
        ),
        _family("cpu_seconds_total", "counter", "Processor time spent.", [({}, time.process_time())]),
        _family(
            "cpu_share",
            "gauge",
            "Processor seconds per second over the last seconds.",
            [({}, gateway.watch.cpu_share_recent())],
        ),
        _family("truth_rows_total", "counter", "Rows in the truth log.", [({}, gateway.truth.count)]),
    ]
    return "".join(families)


def _family(name: str, kind: str, what: str, samples: Iterable[tuple[Labels, float]]) -> str:
    lines = [f"# HELP {_PREFIX}{name} {what}", f"# TYPE {_PREFIX}{name} {kind}"]
    lines += [f"{_PREFIX}{name}{_labels(labels)} {value}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _histogram(gateway: Gateway) -> str:
    name = f"{_PREFIX}response_seconds"
    lines = [
        f"# HELP {name} Seconds from arrival to the end of the answer.",
        f"# TYPE {name} histogram",
    ]
    for route, counts, sum_s in gateway.response_times:
        total = 0
        for bound, count in zip((*BOUNDS_S, "+Inf"), counts, strict=True):
            total += count
            lines.append(f"{name}_bucket{_labels({'route': route, 'le': str(bound)})} {total}")
        lines.append(f"{name}_sum{_labels({'route': route})} {sum_s}")
        lines.append(f"{name}_count{_labels({'route': route})} {total}")
    return "\n".join(lines) + "\n"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items()) + "}"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
