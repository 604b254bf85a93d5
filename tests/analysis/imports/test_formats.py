"""Which format a file is, what is refused and how, and how names become kinds."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from analysis.imports.formats import detect_format
from analysis.judgement import judge_file, judge_recordings
from scenarios.errors import DeclarationError
from scenarios.kind_names import KindNames
from tests.analysis.builders import HEADER, codes, csv_lines, population, sla
from tests.analysis.imports.files import JTL, K6_CSV, K6_METRIC, LOCUST, jtl, k6, k6_json, locust, read, write

HEADERS = {"JMeter": JTL, "k6 CSV": K6_CSV, "Locust": LOCUST}
ONE = {"JMeter": [JTL, jtl()], "k6 CSV": [K6_CSV, *k6()], "Locust": [LOCUST, locust()]}
ONE["k6 JSON"] = [K6_METRIC, *k6_json("2026-11-04T15:06:40Z")]
OURS = {"ours": [HEADER, *csv_lines(1)]}


@pytest.mark.parametrize("tool", ONE)
def test_each_format_is_told_by_its_first_line(tmp_path: Path, tool: str) -> None:
    found = detect_format(write(tmp_path, ONE[tool]))
    assert found is not None
    assert tool.split()[0] in found.name
    assert detect_format(write(tmp_path, [HEADER])) is None


@pytest.mark.parametrize("tool", HEADERS)
def test_a_header_without_rows_is_inconclusive(tmp_path: Path, tool: str) -> None:
    for end in ("\n", ""):
        verdict = judge_file(write(tmp_path, [HEADERS[tool]], end=end), sla())
        assert (verdict.verdict.value, int(verdict.exit_code)) == ("INCONCLUSIVE", 3)
        assert {"empty-class", "no-planned-times"} <= codes(verdict)


@pytest.mark.parametrize("tool", ONE)
def test_a_torn_last_line_is_left_out_counted_and_said(tmp_path: Path, tool: str) -> None:
    lines = [*ONE[tool], *ONE[tool][1:]]
    whole = read(write(tmp_path, lines))[0]
    samples, _ = read(write(tmp_path, [*lines, lines[-1][: len(lines[-1]) // 2]], end=""))
    assert (samples.size, whole.size) == (2, 2)
    assert samples.origin is not None
    assert samples.origin.torn == 1
    verdict = judge_file(tmp_path / "result.csv", sla())
    assert verdict.run["torn_rows"] == 1
    assert any("last line was torn" in each.message for each in verdict.validity)


def test_a_last_line_torn_between_its_cells_is_left_out_even_with_a_line_end(tmp_path: Path) -> None:
    samples, _ = read(write(tmp_path, [LOCUST, locust(), "1793800000.5,POST"]))
    assert samples.size == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (gzip.compress(JTL.encode(), mtime=0), r"is packed \(gzip\): unpack it first"),
        (b"PK\x03\x04rest", r"is packed \(zip\)"),
        (b"\xff\xfe\x00\x01", "is not UTF-8 text; accepted are a run folder, an observation file"),
        (b"\x00\x01\x02garbage\n", "has a first line that no known format has"),
        (b"<?xml version='1.0'?><testResults/>", "is XML or HTML; save a JTL as CSV"),
        (b"<!doctype html><title>a report</title>", "is XML or HTML; save a JTL as CSV"),
        (b"hello world\n1\n", 'no known format has .*"hello world".*k6.s --out csv'),
        (JTL.replace(",", ";").encode(), "another delimiter"),
        (jtl().encode(), "lacks its header: set jmeter.save.saveservice.print_field_names=true"),
        (b"Label,# Samples,Average\n", "is JMeter's aggregate report, which holds sums"),
        (b"Type,Name,Request Count,Failure Count\n", "is Locust's statistics"),
        (b'{"metrics": {"http_reqs": {}}}\n', "is JSON, but not k6's points"),
        (b"{\n", "is JSON, but not k6's points"),
        (b"[" * 50_000, "is JSON, but not k6's points"),
    ],
    ids=lambda each: repr(each)[:24],
)
def test_what_is_none_of_the_formats_is_refused_with_what_would_do(
    tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "result.csv"
    file.write_bytes(content)
    with pytest.raises(DeclarationError, match=message):
        judge_file(file, sla())


def test_text_that_is_not_utf_8_further_down_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "result.csv"
    file.write_bytes(f"{JTL}\n{jtl(label='Überweisung')}\n".encode("latin-1"))
    with pytest.raises(DeclarationError, match="cannot be read as CSV"):
        judge_file(file, sla())


@pytest.mark.parametrize("tool", ["JMeter", "k6 JSON", "ours"])
def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(tmp_path: Path, tool: str) -> None:
    lines = {**ONE, **OURS}[tool]
    file = write(tmp_path, lines)
    with file.open("r+b") as whole:
        whole.truncate(10 * 2**30)  # sparse: ten gigabytes of nothing
    line = len(lines) + 1
    with pytest.raises(DeclarationError, match=f"line {line}: is longer than 10000000 characters"):
        read(file)


def test_names_become_kinds_whatever_they_look_like(tmp_path: Path) -> None:
    names = ["Überweisung 支付 💳", "x" * 10_000, "x" * 9_999 + "y", "7", '""quoted, with comma""']
    lines = [jtl(at * 100, label=f'"{name}"') for at, name in enumerate(names)]
    samples, rows = read(write(tmp_path, [JTL, *lines]))
    assert rows.size == len(set(rows.kind.tolist())) == len(samples.kinds) == 5
    assert "Überweisung 支付 💳" in samples.kinds
    assert max(map(len, samples.kinds)) == 100
    assert judge_file(tmp_path / "result.csv", sla()).verdict.value == "INCONCLUSIVE"


def test_more_names_than_anybody_judges_are_refused_with_the_way_out(tmp_path: Path) -> None:
    lines = [locust(at, name=f"/sale/{at}") for at in range(101)]
    with pytest.raises(DeclarationError, match="line 102: has more than 100 names; say by --kinds"):
        read(write(tmp_path, [LOCUST, *lines]))
    samples, _ = read(write(tmp_path, [LOCUST, *lines]), {"POST /sale/*": "card_sale"})
    assert (samples.size, samples.kinds) == (101, ("card_sale",))


def test_a_name_of_its_own_for_each_request_is_found_by_its_pattern(tmp_path: Path) -> None:
    lines = [locust(at / 100, name=f"/visit/{at}" if at % 3 else "/pay") for at in range(30_000)]
    samples, rows = read(
        write(tmp_path, [LOCUST, *lines]), {"/visit/*": "claim_status", "/pay": "card_sale", "/idle": "void"}
    )
    assert [samples.kinds[each] for each in rows.kind[:4]] == [
        "card_sale",
        "claim_status",
        "claim_status",
        "card_sale",
    ]
    assert [int((rows.kind == each).sum()) for each in range(3)] == [10_000, 20_000, 0]


def test_the_table_names_classes_and_leaves_out_what_is_no_transaction(tmp_path: Path) -> None:
    lines = [
        *(locust(at / 2, name="/pay") for at in range(60)),
        *(locust(at / 2, name="/visit/17") for at in range(60)),
        *(locust(at / 2, name="/health") for at in range(60)),
    ]
    table = {
        "/pay": "card_sale",
        "POST /visit/*": {"kind": "visit", "class": "healthcare"},
        "/health": {"leave_out": True},
    }
    names = KindNames.model_validate({"names": table})
    verdict = judge_recordings([write(tmp_path, [LOCUST, *lines])], (sla(),), names=names)
    counts = {name: population(verdict, name) for name in ("payment", "healthcare")}
    assert {each.n + each.excluded["unresolvable"] for each in counts.values()} == {60}
    assert verdict.run["left_out"] == {"by --kinds": 60}


def test_names_that_the_table_lacks_are_refused_all_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, [LOCUST, locust(), locust(name="/a"), locust(name="/b"), locust(name="/a")])
    with pytest.raises(DeclarationError) as refused:
        read(file, {"card_sale": "card_sale"})
    assert [str(each) for each in refused.value.problems] == [
        'line 3: no key of [names] in --kinds stands for "POST /a"',
        'line 4: no key of [names] in --kinds stands for "POST /b"',
    ]


def test_some_names_of_ours_and_some_without_a_class_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DeclarationError, match=r"card_sail: has no class, others have; did you mean card_sale\?"
    ):
        read(write(tmp_path, [LOCUST, locust(), locust(name="card_sail")]))


def test_a_kind_that_never_came_is_an_empty_class_and_no_pass(tmp_path: Path) -> None:
    names = KindNames.model_validate({"names": {"/book": "book", "/cancel": "cancel"}})
    file = write(tmp_path, [LOCUST, *(locust(at / 10, 5 + at % 7, name="/book") for at in range(400))])
    verdict = judge_recordings([file], (sla(),), names=names)
    assert [each.name for each in verdict.clauses[0].populations] == ["book", "cancel"]
    assert "empty-class" in codes(verdict, "inconclusive")
    assert verdict.verdict.value == "INCONCLUSIVE"


def test_a_description_beside_the_file_gives_its_windows(tmp_path: Path) -> None:
    file = write(tmp_path, [LOCUST, *(locust(at / 4) for at in range(200))])
    meta = file.with_name("result.csv.meta.json")
    meta.write_text('{"warmup_ns": 10000000000, "longest_stall": "1s"}')
    assert population(judge_file(file, sla()), "payment").excluded["warm_up"] == 40
    meta.write_text('{"kinds": ["a"]}')
    with pytest.raises(DeclarationError, match="explained by --kinds"):
        judge_file(file, sla())


def test_files_of_two_tools_merge_when_their_classes_agree(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    files = [
        write(tmp_path, [LOCUST, *(locust(at / 4) for at in range(200))]),
        write(tmp_path / "a", [JTL, *(jtl(at * 250, 900) for at in range(200))]),
    ]
    verdict = judge_recordings(files, (sla(),))
    assert verdict.run["rows"] == 400
    assert "duplicate-rows" not in codes(verdict)


def test_a_table_without_a_file_to_explain_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, [HEADER, *csv_lines(10)])
    with pytest.raises(DeclarationError, match="--kinds: explains the names in another tool's file"):
        judge_recordings([file], (sla(),), names=KindNames.model_validate({"names": {"a": "b"}}))
