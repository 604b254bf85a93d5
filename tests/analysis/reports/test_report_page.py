"""The page: the same for the same run, harmless whatever it is fed, small, and there for every kind of ending."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from analysis.exit_codes import InconclusiveAs
from analysis.judgement import Judged, judge_folder, judge_together
from analysis.policy import under_policy
from analysis.reports.page.chart_series import ChartSeries
from analysis.reports.page.report import render_report
from analysis.samples import Samples
from analysis.verdict import Verdict
from scenarios.kinds import Kind
from scenarios.observation import Outcome
from scenarios.trace_context import trace_id
from tests.analysis.builders import HEADER, T0, S, both, csv_file, csv_lines, joined, rows, run_folder, sla
from tests.analysis.reports.stored_run import EXPECTED, stored_folder, stored_page

MOST_BYTES = 6 << 20
NASTY = "\"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\u05d0\u05d1'&{{ 7*7 }}"


class Page(HTMLParser):
    """Elements with their attributes, and the text of those with an id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open: list[tuple[str, str | None]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self._open.append((tag, dict(attrs).get("id")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag, f"{tag} is not open"

    def handle_data(self, data: str) -> None:
        for _, id_ in self._open:
            if id_:
                self.texts[id_] = self.texts.get(id_, "") + data

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}

    def charts(self) -> list[str]:
        return [
            attributes["aria-label"] or ""
            for tag, attributes in self.elements
            if tag == "svg" and "role" in attributes
        ]


def page_of(judged: Judged) -> Page:
    return Page(render_report(judged.verdict, judged.recordings))


def merged(path: Path) -> Judged:
    paths = []
    for place in range(3):
        (path / str(place)).mkdir()
        facts = {"run_id": f"run {place}", "seed": place, "t0_ns": T0 + place * 100 * S}
        recorded = both(200 + place)
        for name in ("planned_ns", "started_ns", "ended_ns"):
            recorded[name] += place * 100 * S
        ended = {"ended_ns": T0 + (place * 100 + 60) * S}
        paths.append(run_folder(path / str(place), recorded, plan_json=facts, end_json=ended).path)
    return judge_together(paths, None)


SITUATIONS: dict[str, Callable[[Path], Judged]] = {
    "pass": lambda path: judge_folder(run_folder(path, both(1000))),
    "fail": lambda path: judge_folder(run_folder(path, both(1000, seconds=30))),
    "only errors": lambda path: judge_folder(run_folder(path, both(50, outcome=Outcome.ERROR))),
    "invalid": lambda path: judge_folder(run_folder(path, both(900), planned=both(1000))),
    "wrong reply": lambda path: judge_folder(
        run_folder(path, joined(both(1000), rows(2, outcome=Outcome.WRONG_REPLY)))
    ),
    "nothing": lambda path: judge_folder(run_folder(path, rows(0))),
    "one row": lambda path: judge_folder(run_folder(path, rows(1))),
    "no class of the clause": lambda path: judge_folder(run_folder(path, rows(50, kind=Kind.RECEIPT_LOOKUP))),
    "killed": lambda path: judge_folder(run_folder(path, both(10), planned=both(900), killed=True)),
    "killed at once": lambda path: judge_folder(run_folder(path, rows(0), planned=both(900), killed=True)),
    "interrupted": lambda path: judge_folder(run_folder(path, both(300), end_json={"ended": "interrupted"})),
    "merged": merged,
    "failures": lambda path: judge_folder(
        run_folder(
            path,
            both(300),
            plan_json={
                "slas": [
                    sla(measure="failure_share", limit=None, at_least=None, at_most=0.1).model_dump(
                        mode="json", by_alias=True
                    )
                ]
            },
        )
    ),
    "availability": lambda path: judge_folder(
        run_folder(
            path,
            both(300),
            plan_json={
                "slas": [sla(measure="availability", limit=None).model_dump(mode="json", by_alias=True)]
            },
        )
    ),
    "file": lambda path: judge_together([csv_file(path, [HEADER, *csv_lines(300)])], [sla()]),
    "empty file": lambda path: judge_together([csv_file(path, [HEADER])], [sla()]),
    "own kinds": lambda path: judge_together(
        [csv_file(path, [HEADER, *csv_lines(300, kind="book")])], [sla()]
    ),
}


def test_the_page_of_a_stored_run_is_as_expected_to_the_last_character(tmp_path: Path) -> None:
    """After a wanted change: `python -m tests.analysis.reports.stored_run`, and look at the difference."""
    assert stored_page(tmp_path) == EXPECTED.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_report_is_made_whatever_the_ending_and_says_what_the_verdict_says(
    tmp_path: Path, name: str
) -> None:
    judged = SITUATIONS[name](tmp_path)
    page = page_of(judged)
    assert page.texts["verdict"] == judged.verdict.verdict.value
    assert page.texts["sentence"] == judged.verdict.sentence
    for doubt in judged.verdict.validity:
        assert doubt.message in page.texts["validity"]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    numbers = {float(value) for value in _numbers(page)}
    assert not numbers or np.isfinite(list(numbers)).all()


def _numbers(page: Page) -> list[str]:
    names = ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height")
    return [value for _, attributes in page.elements for name in names if (value := attributes.get(name))]


def test_charts_come_for_a_desk_and_for_a_phone_each_with_its_table(tmp_path: Path) -> None:
    page = page_of(SITUATIONS["fail"](tmp_path))
    assert (
        len(page.charts()) == 2 * 4 + 2 * 2
    )  # four figures in two sizes; interval and budget of two classes
    assert all(page.charts())
    for id_ in ("distribution", "timeline", "density", "concurrency"):
        assert "The data of this chart as a table" in page.texts[id_]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("killed", "There is no end.json: the run was killed"),
        ("interrupted", "it ended as interrupted"),
        ("nothing", "Not a single row was recorded"),
        ("empty file", "The file has no rows."),
        ("merged", "3 recordings judged as one"),
        ("file", "The recording does not say."),
    ],
)
def test_the_page_says_what_is_peculiar_about_a_recording(tmp_path: Path, name: str, said: str) -> None:
    judged = SITUATIONS[name](tmp_path)
    assert said in render_report(judged.verdict, judged.recordings)


def test_a_run_that_a_rule_ended_says_so_and_is_no_reason_for_a_warning(tmp_path: Path) -> None:
    ended = {"ended": "curtailed", "reason": "nothing can change it", "stopped_ns": T0 + 55 * S}
    page = render_report(*_both(judge_folder(run_folder(tmp_path, both(1000), end_json=ended))))
    assert "Stopped after 55s (curtailed): nothing can change it." in page
    assert 'class="warning"' not in page


def test_what_followed_answers_and_what_was_tried_again_is_counted(tmp_path: Path) -> None:
    more = {"follow_ups_due": 700, "follow_ups_not_due": {"card_sale": 30, "void": 4}}
    retries = {"retries": {"sent": 12, "never_sent": 0, "not_due": 3}}
    page = render_report(*_both(judge_folder(run_folder(tmp_path, both(1000), end_json=more | retries))))
    assert "700 of these, and 34 that would have come after the end" in page
    assert "12 sent, 0 never sent, 3 not due" in page


def test_a_policy_is_in_the_banner(tmp_path: Path) -> None:
    judged = judge_folder(run_folder(tmp_path, rows(1)))
    verdict = under_policy(judged.verdict, InconclusiveAs.FAIL)
    assert "Policy --inconclusive-as fail" in render_report(verdict, judged.recordings)


def _both(judged: Judged) -> tuple[Verdict, Sequence[Samples]]:
    return judged.verdict, judged.recordings


def test_nothing_to_object_to_is_said(tmp_path: Path) -> None:
    lines = csv_lines(300, kind="eligibility_inquiry")
    path = csv_file(tmp_path, [HEADER, *lines], {"longest_stall": "10ms"})
    judged = judge_together([path], [sla(classes=["healthcare"])])
    assert judged.verdict.validity == ()
    assert "Nothing to object to" in render_report(judged.verdict, judged.recordings)


def test_a_chart_without_room_for_every_class_says_so(tmp_path: Path) -> None:
    lines = [line for kind in "abcdef" for line in csv_lines(60, kind=kind)]
    judged = judge_together([csv_file(tmp_path, [HEADER, *lines])], [sla()])
    page = page_of(judged)
    for id_ in ("distribution", "timeline"):
        assert "2 classes with fewer transactions are in the tables only." in page.texts[id_]
    assert "f" in page.texts["tables"]


def test_the_page_refers_to_nothing_outside_itself(tmp_path: Path) -> None:
    page = page_of(judge_folder(stored_folder(tmp_path)))
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    for tag, attributes in page.elements:
        assert not {"src", "srcset", "data", "action", "xlink:href"} & set(attributes)
        if tag == "a":
            assert (attributes["href"] or "").startswith(("#", "https://traces.example.test/"))
    policy = [each["content"] for tag, each in page.elements if tag == "meta" and "http-equiv" in each]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert "@import" not in EXPECTED.read_text(encoding="utf-8")
    assert "url(http" not in EXPECTED.read_text(encoding="utf-8")


def test_the_slowest_are_linked_to_their_traces(tmp_path: Path) -> None:
    page = page_of(judge_folder(stored_folder(tmp_path)))
    links = [
        each["href"] for tag, each in page.elements if tag == "a" and (each["href"] or "").startswith("https")
    ]
    assert len(links) == 20
    assert links[0] == f"https://traces.example.test/trace/{trace_id('n0', 60 * 256)}"


def test_a_trace_template_that_is_no_web_address_makes_no_link(tmp_path: Path) -> None:
    folder = run_folder(
        tmp_path,
        both(30),
        plan_json={"target": {"name": "t", "time_outs": {}, "trace_url": "javascript:alert('{trace_id}')"}},
    )
    page = page_of(judge_folder(folder))
    assert not [each for tag, each in page.elements if tag == "a" and "javascript" in (each["href"] or "")]


def hostile(path: Path) -> Judged:
    """A run in which every text that comes from outside is an attack."""
    long = NASTY + "x" * 10_000
    clause = sla(quote=long).model_dump(mode="json", by_alias=True) | {"name": NASTY, "source": long}
    facts = {
        "run_id": NASTY,
        "nonce": NASTY,
        "digest": long,
        "slas": [clause],
        "scenario": {"name": NASTY, "assurance": "smoke", "warm_up": "5s", "longest_stall": "6s"},
        "target": {"name": long, "time_outs": {}, "trace_url": f"https://t.test/{NASTY}/{{trace_id}}"},
        "payers": [NASTY, long],
        "tags": {NASTY: long},
        "command": ["run", NASTY],
        "versions": {NASTY: NASTY},
        "host": {NASTY: long},
    }
    ended = {"ended": NASTY, "reason": long}
    recorded = both(300, payer=1)
    recorded["payer"][::2] = 2
    return judge_folder(run_folder(path, recorded, plan_json=facts, end_json=ended))


def hostile_kinds(path: Path) -> Judged:
    """A file whose kinds are attacks, so that classes of the charts are."""
    kinds = [NASTY.replace('"', ""), "<svg onload=alert(2)>", "k" * 9000]
    lines = [line for kind in kinds for line in csv_lines(100, kind=f"{kind}".replace(",", ""))]
    return judge_together([csv_file(path, [HEADER, *lines])], [sla()])


@pytest.mark.parametrize("make", [hostile, hostile_kinds])
def test_hostile_names_stay_text(tmp_path: Path, make: Callable[[Path], Judged]) -> None:
    judged = make(tmp_path)
    text = render_report(judged.verdict, judged.recordings)
    page = Page(text)
    assert not page.tags & {"script", "img"}
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert tag != "svg" or "onload" not in attributes
    assert "\u202e" not in text
    assert "49" not in page.texts["reproduce"].replace("{{ 7*7 }}", "")
    assert "characters in all" in text
    assert "x" * 5000 not in text.replace(judged.verdict.sentence, "")
    assert len(text) < MOST_BYTES / 10


def test_a_report_of_many_misses_in_every_cell_stays_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst that any number of rows can bring: every cell of the density filled with hits and with misses."""
    added = ChartSeries._add_recording

    def fill(self: ChartSeries, place: int, samples: object) -> None:
        added(self, place, samples)  # type: ignore[arg-type]
        generator = np.random.default_rng(1)
        for counts in (self.density.within, self.density.late, self.density.unanswered):
            counts[:] = generator.integers(1, 10**9, counts.shape)
        self.density.misses, self.density.single_misses = 10**9, []

    monkeypatch.setattr(ChartSeries, "_add_recording", fill)
    judged = SITUATIONS["pass"](tmp_path)
    assert len(render_report(judged.verdict, judged.recordings).encode()) < MOST_BYTES
