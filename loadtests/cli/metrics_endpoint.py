"""`--metrics-port`: the live numbers as Prometheus text on loopback, from a thread that outlives nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from loadtests.cli.live_report import LiveClass, LiveReport
from scenarios.errors import DeclarationError, Problem

LOOPBACK = "127.0.0.1"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]


class MetricsEndpoint:
    """Serves the last report at /metrics. Raises DeclarationError where the port cannot be had."""

    def __init__(self, port: int) -> None:
        self._report: LiveReport | None = None
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 5.0

            def do_GET(self) -> None:
                found = self.path.partition("?")[0] == "/metrics"
                body = (render_metrics(endpoint._report) if found else "see /metrics\n").encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", CONTENT_TYPE)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        try:
            self._server = ThreadingHTTPServer((LOOPBACK, port), Handler)
        except OSError as error:
            message = (
                f"cannot listen on {LOOPBACK}:{port} ({error.strerror}); take another port, or 0 for any"
            )
            raise DeclarationError("--metrics-port", [Problem(where="", message=message)]) from error
        self._server.daemon_threads = True  # a reader that hangs holds nothing up
        self.url = f"http://{LOOPBACK}:{self._server.server_port}/metrics"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> MetricsEndpoint:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def say(self, sentence: str) -> None:
        """Nothing to count."""

    def show_gathering(self, report: Mapping[str, Any]) -> None:
        """Nothing to count yet."""

    def show(self, report: LiveReport) -> None:
        """What the next reader gets."""
        self._report = report


def render_metrics(report: LiveReport | None) -> str:
    """Every family in the text format; before the first report only that nothing runs yet."""
    families = [_family("running", "gauge", "Whether arrivals are being sent.", [({}, _is_sending(report))])]
    if report is not None:
        families += [
            _family(name, kind, what, [({}, value)]) for name, kind, what, value in _plain_families(report)
        ]
        families += _class_families(report.classes)
        doubts = {(each.code.text, each.severity.value): 1.0 for each in report.doubts}
        labelled = [({"code": code, "severity": severity}, one) for (code, severity), one in doubts.items()]
        families.append(_family("doubt", "gauge", "Doubts that stand so far.", labelled))
    return "".join(families)


def _is_sending(report: LiveReport | None) -> float:
    return float(report is not None and report.phase == "sending")


def _plain_families(report: LiveReport) -> Iterable[tuple[str, str, str, float]]:
    return (
        ("elapsed_seconds", "gauge", "Since the first moment of the plan.", report.elapsed_s),
        ("planned_seconds", "gauge", "Length of the plan.", report.planned_s),
        ("planned_per_second", "gauge", "Planned arrivals per second, lately.", report.planned_per_s),
        ("achieved_per_second", "gauge", "Started attempts per second, lately.", report.achieved_per_s),
        ("due_total", "counter", "Arrivals whose moment has come.", report.due),
        ("sent_total", "counter", "Attempts that were started.", report.sent),
        ("in_flight", "gauge", "Attempts that are not answered yet.", report.in_flight),
        ("waiting", "gauge", "Arrivals that wait for an idle user.", report.waiting),
        ("late_total", "counter", "Attempts started 50 ms or more late by our own fault.", report.late),
        ("wrong_replies_total", "counter", "Replies to another request.", report.wrong_replies),
    )


def _class_families(classes: Iterable[LiveClass]) -> list[str]:
    judged, hits, misses, overdue, lower, upper = (list[tuple[Labels, float]]() for _ in range(6))
    for each in classes:
        labels = {"clause": each.standing.clause.id, "class": each.standing.population}
        judged.append((labels, each.standing.settled_n))
        hits.append((labels, each.standing.settled_hits))
        overdue.append((labels, each.overdue))
        misses += [({**labels, "cause": cause}, count) for cause, count in each.standing.misses.items()]
        if (bounds := each.bounds) is not None:
            lower.append((labels, bounds.lower))
            upper.append((labels, bounds.upper))
    return [
        _family("judged_total", "counter", "Judged transactions that ended.", judged),
        _family("hits_total", "counter", "Those of them that were good.", hits),
        _family("misses_total", "counter", "Those that were not, by cause.", misses),
        _family("overdue", "gauge", "In flight beyond the limit: misses already.", overdue),
        _family("share_lower_bound", "gauge", "One-sided lower bound of the share of hits.", lower),
        _family("share_upper_bound", "gauge", "One-sided upper bound of the share of hits.", upper),
    ]


def _family(name: str, kind: str, what: str, samples: Iterable[tuple[Labels, float]]) -> str:
    lines = [f"# HELP slagate_{name} {what}", f"# TYPE slagate_{name} {kind}"]
    lines += [f"slagate_{name}{_labels(labels)} {value}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
