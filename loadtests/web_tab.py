"""The SLA tab of Locust's web UI: shares within the limit with their bounds, late arrivals, where the run is kept.

Locust's own tabs show its own, coarser, statistics. The numbers here come from the rows on disk, judged by a child
process of low priority, and only while somebody looks.
"""

from __future__ import annotations

import html
import json
import time
from typing import Any

import gevent
from flask import Response, abort, request, send_file
from locust.web import WebUI

from loadtests.session import Session
from loadtests.verdict_child import ask_for_verdict

_KEY = "slagate"
_PAGE = "/slagate"
_REPORT = "/slagate/report"
_EVERY_S = 5.0
_LOOKED_WITHIN_S = 10.0
_COLUMNS = (
    ("class", "Class"),
    ("judged", "Judged"),
    ("within", "Within the limit"),
    ("at_least", "At least (95 %)"),
    ("at_most", "At most (95 %)"),
    ("required", "Required"),
    ("says", "Says"),
)


class SlaTab:
    """Adds the tab, a page with the sentence of the verdict, and the way to the report."""

    def __init__(self, web_ui: WebUI, session: Session) -> None:
        self._session = session
        self._looked_at = 0.0
        self._so_far: dict[str, Any] | None = None
        structure = [{"key": key, "title": title} for key, title in _COLUMNS]
        web_ui.template_args.update(
            extended_tabs=[{"title": "SLA", "key": _KEY}],
            extended_tables=[{"key": _KEY, "structure": structure}],
            extended_csv_files=[
                {"href": _PAGE, "title": "SLA verdict and run folder"},
                {"href": _REPORT, "title": "SLA report"},
            ],
        )
        assert web_ui.app is not None
        web_ui.app.after_request(self._after_request)
        web_ui.app.add_url_rule(_PAGE, _KEY, web_ui.auth_required_if_enabled(self._page))
        web_ui.app.add_url_rule(_REPORT, f"{_KEY}_report", web_ui.auth_required_if_enabled(self._report))
        gevent.spawn(self._refresh)

    def _refresh(self) -> None:
        while True:
            gevent.sleep(_EVERY_S)
            folder = self._session.folder
            looked = time.monotonic() - self._looked_at < _LOOKED_WITHIN_S
            if looked and self._session.going and folder is not None and folder.plan_file.exists():
                self._so_far = ask_for_verdict(folder, so_far=True)

    def _after_request(self, response: Response) -> Response:
        """Extend what Locust answers: the table's rows, and a word about the number of users."""
        if request.path.endswith("/stats/requests") and response.is_json:
            self._looked_at = time.monotonic()
            content = response.get_json()
            content["extended_stats"] = [{"key": _KEY, "data": self.rows()}]
            response.set_data(json.dumps(content))
        elif request.path.endswith("/swarm") and response.is_json:
            content = response.get_json()
            content["message"] = (
                f"{content['message']}; the number of users and the spawn rate are ignored: "
                f"the plan needs {self._session.users} users"
            )
            response.set_data(json.dumps(content))
        return response

    def rows(self) -> list[dict[str, Any]]:
        """The table: a row per clause and class, late arrivals, the run folder."""
        session = self._session
        verdict = self._so_far if session.going else session.verdict
        rows = [row for clause in (verdict or {}).get("clauses", []) for row in _clause_rows(clause)]
        says = "so far" if session.going else (verdict or {}).get("verdict", "nothing has run yet")
        rows.append(_row("late by 50 ms or more", judged=session.progress.get("late"), says="arrivals"))
        rows.append(_row(str(session.folder.path) if session.folder else "no run yet", says=says))
        return rows

    def _report(self) -> Response:
        """report.html of the last run that has ended."""
        folder = self._session.folder
        if self._session.going or folder is None or not folder.report_file.is_file():
            abort(404, "There is no report yet: it is written when a run has ended.")
        return send_file(folder.report_file)

    def _page(self) -> str:
        """What the last verdict says, with the way to the run folder."""
        verdict, folder = self._session.verdict, self._session.folder
        sentence = verdict["sentence"] if verdict else "No run has ended yet."
        title = verdict["verdict"] if verdict else "slagate"
        doubts = "".join(
            f"<li>{html.escape(doubt['severity'])}: {html.escape(doubt['message'])}</li>"
            for doubt in (verdict or {}).get("validity", [])
        )
        return (
            f"<!doctype html><title>{html.escape(title)}</title><h1>{html.escape(title)}</h1>"
            f"<p>{html.escape(sentence)}</p><ul>{doubts}</ul>"
            f"<p><a href='{_REPORT}'>Report</a></p>"
            f"<p>Run folder: <code>{html.escape(str(folder.path) if folder else '-')}</code></p>"
        )


def _clause_rows(clause: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        _row(
            each["name"],
            judged=each["n"],
            within=_percent(each["share"]),
            at_least=_percent(each["lower"]),
            at_most=_percent(each["upper"]),
            required=clause["id"],
            says=each["verdict"],
        )
        for each in clause["populations"]
    ]


def _row(name: str, **cells: Any) -> dict[str, Any]:
    return (
        {key: "" for key, _ in _COLUMNS} | {"class": name} | {k: v for k, v in cells.items() if v is not None}
    )


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{100 * share:.2f} %"
