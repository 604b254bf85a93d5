"""Traces: replayed as they are, faster, in part, repeatedly, thinned; malformed ones are refused by line and value."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.people import Population
from loadtests.run_plan import RunPlan
from loadtests.schedule import Arrivals, Share, digest_of, iterate_arrivals, plan_arrivals
from scenarios import csv_columns
from scenarios.amount_class import AmountClass
from scenarios.errors import DeclarationError
from scenarios.journeys import Journey
from scenarios.loading import load_scenario, load_sla, load_target
from scenarios.scenario import Scenario
from scenarios.trace_file import read_trace
from scenarios.trace_stamps import StampUnit, parse_stamps, unit_of
from tests.loadtests.declared_phases import (
    MIX,
    SHAPES,
    declared,
    load_text,
    planned,
    scenario_text,
    write_trace,
)

T0 = datetime(2026, 11, 23, 8, tzinfo=UTC)
LINES = [(0.0, "eligibility_inquiry"), (1.5, "card_sale"), (1.5, "card_sale"), (4.0, "eligibility_inquiry")]


def trace_of(folder: Path, lines: list[str], header: str = "timestamp,kind") -> Path:
    path = folder / "log.csv"
    path.write_bytes("\n".join([header, *lines, ""]).encode())
    return path


def stamp(seconds: float) -> str:
    return (T0 + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def small_trace(folder: Path) -> None:
    trace_of(folder, [f"{stamp(at)},{kind}" for at, kind in LINES])


def replayed(folder: Path, keys: str = "", mix: str = "") -> Scenario:
    phase = f'shape = "trace"\nfile = "log.csv"\n{keys}'
    return load_text(folder, scenario_text(phase, mix=mix))


def seconds(arrivals: Arrivals) -> list[float]:
    return (arrivals.offset_ns / 1e9).tolist()


def refusal(folder: Path, keys: str = "") -> str:
    with pytest.raises(DeclarationError) as caught:
        replayed(folder, keys)
    return str(caught.value)


def test_a_replay_has_the_moments_and_kinds_of_the_log(tmp_path: Path) -> None:
    small_trace(tmp_path)
    scenario = replayed(tmp_path)
    arrivals = planned(scenario)
    assert seconds(arrivals) == [0, 1.5, 1.5, 4]
    assert arrivals.journey.tolist() == [1, 2, 2, 1]
    assert scenario.journeys == {"eligibility_only": 2, "card_sale_only": 2}
    assert scenario.length_s == pytest.approx(4 + 4 / 3)  # the mean gap after the last arrival
    assert scenario.peak_per_s == 2


def test_speed_loop_cut_and_duration(tmp_path: Path) -> None:
    small_trace(tmp_path)
    assert seconds(planned(replayed(tmp_path, "speed = 2"))) == [0, 0.75, 0.75, 2]
    assert seconds(planned(replayed(tmp_path, 'cut = { from = "1s", to = "3s" }'))) == [0.5, 0.5]
    twice = 'cut = { from = "1s", to = "3s" }\nloop = 2'
    assert seconds(planned(replayed(tmp_path, twice))) == [0.5, 0.5, 2.5, 2.5]
    until = 'cut = { to = "3s" }\nduration = "5s"\nspeed = 2'
    assert seconds(planned(replayed(tmp_path, until))) == [0, 0.75, 0.75, 1.5, 2.25, 2.25, 3, 3.75, 3.75, 4.5]
    assert replayed(tmp_path, 'cut = { to = "1h" }').length_s == replayed(tmp_path).length_s


def test_after_a_trace_the_next_phase_begins_at_its_end(tmp_path: Path) -> None:
    small_trace(tmp_path)
    trace = 'shape = "trace"\nfile = "log.csv"\ncut = { to = "2s" }'
    even = 'shape = "constant"\nrate_per_s = 1\nduration = "2s"\narrivals = "even"'
    scenario = load_text(tmp_path, scenario_text(trace, even))
    assert seconds(planned(scenario)) == [0, 1.5, 1.5, 2.5, 3.5]


@pytest.fixture
def recorded(tmp_path: Path) -> Arrivals:
    """The plan whose trace lies in the folder."""
    arrivals = planned(declared(SHAPES["constant"]).scaled(rate=5.0, time=2.0))
    write_trace(tmp_path / "log.csv", arrivals)
    return arrivals


def test_a_trace_of_a_plan_replays_that_plan(tmp_path: Path, recorded: Arrivals) -> None:
    again = planned(replayed(tmp_path))
    assert (again.offset_ns == recorded.offset_ns - recorded.offset_ns[0]).all()
    assert (again.journey == recorded.journey).all()


def test_thinning_keeps_the_share_and_multiplying_keeps_the_course(
    tmp_path: Path, recorded: Arrivals
) -> None:
    whole = replayed(tmp_path)
    thin = planned(whole.scaled(rate=0.25))
    assert len(thin) == pytest.approx(len(recorded) / 4, abs=4 * (len(recorded) * 3 / 16) ** 0.5)
    assert np.isin(thin.offset_ns, recorded.offset_ns - recorded.offset_ns[0]).all()
    more = planned(whole.scaled(rate=3.0))
    assert len(more) == 3 * len(recorded)
    assert (more.offset_ns[2::3] == recorded.offset_ns - recorded.offset_ns[0]).all()
    assert (np.diff(more.offset_ns) >= 0).all()
    part = planned(whole.scaled(rate=1.5))
    assert len(part) == pytest.approx(1.5 * len(recorded), abs=2 * len(recorded) ** 0.5)
    assert whole.scaled(rate=0.25).phases[0].expected_arrivals == pytest.approx(len(recorded) / 4, rel=1e-4)


def test_another_length_cuts_short_or_repeats(tmp_path: Path, recorded: Arrivals) -> None:
    whole = replayed(tmp_path)
    assert len(planned(whole.scaled(time=0.5))) == pytest.approx(len(recorded) / 2, rel=0.03)
    # lengths are in whole microseconds, so that the first arrival of a third pass may just come in
    assert len(planned(whole.scaled(time=2.0))) - 2 * len(recorded) in (0, 1)
    assert whole.scaled(time=2.0).length_s == pytest.approx(2 * whole.length_s)


@pytest.mark.parametrize("keys", ["", "scale = 0.3\nloop = 2", "speed = 7.3", "scale = 2.5"])
def test_shares_and_chunks_of_a_replay_are_the_whole(tmp_path: Path, recorded: Arrivals, keys: str) -> None:
    scenario = replayed(tmp_path, keys)
    whole = plan_arrivals(scenario, 3)
    parts = [plan_arrivals(scenario, 3, Share(index=index, of=3)) for index in range(3)]
    order = np.argsort(np.concatenate([part.root for part in parts]))
    assert (np.concatenate([part.offset_ns for part in parts])[order] == whole.offset_ns).all()
    assert (np.concatenate([part.journey for part in parts])[order] == whole.journey).all()
    assert digest_of(iterate_arrivals(scenario, 3)) == whole.digest()
    assert whole.digest() == plan_arrivals(replayed(tmp_path, keys), 3).digest()
    assert len(whole) > 0.5 * len(recorded)


def test_the_shipped_trace_plans_what_it_always_planned() -> None:
    assert planned(load_scenario("replay")).digest()[:16] == "5d404bea8ccf6ee2"


def test_payer_and_amount_class_of_the_log_override_the_drawn_ones(tmp_path: Path) -> None:
    lines = [
        f"{stamp(0)},card_sale,AETNA,large",
        f"{stamp(1)},card_sale,,",
        f"{stamp(2)},card_sale,CIGNA,small",
    ]
    trace_of(tmp_path, lines, "timestamp,kind,payer,amount_class")
    payers = "".join(f'[[people.payers]]\nid = "{id_}"\nshare = 1\n' for id_ in ("CIGNA", "AETNA"))
    scenario = replayed(tmp_path, mix=payers)
    arrivals = planned(scenario)
    assert arrivals.payer.tolist() == [2, 0, 1]
    assert arrivals.amount_class.tolist() == [AmountClass.LARGE, 0, AmountClass.SMALL]
    people = Population(scenario, scenario.seed, expiration_year=2029)
    assert people.person(0, 2).payer_id == "AETNA"
    assert people.person(0, 2).payer_place == 2
    assert people.person(1, 0) == people.person(1)
    for root in range(50):
        for amount in AmountClass:
            least, below = amount.dollars
            assert least <= people.charge(root, amount).amount_cents // 100 < below
        assert people.charge(root, 0) == people.charge(root)


def test_a_journey_column_serves_as_well(tmp_path: Path) -> None:
    trace_of(tmp_path, [f"{stamp(0)},card_sale_only", f"{stamp(1)},eligibility_only"], "timestamp,journey")
    journeys = planned(replayed(tmp_path)).journey.tolist()
    assert journeys == [Journey.CARD_SALE_ONLY, Journey.ELIGIBILITY_ONLY]


def test_the_plan_file_has_the_digest_of_the_log(tmp_path: Path) -> None:
    small_trace(tmp_path)
    plan = RunPlan(
        scenario=replayed(tmp_path), slas=(load_sla("instamed"),), target=load_target("mock"), seed=1
    )
    found = plan.to_json(run_id="x", t0_ns=0)["scenario"]["phases"][0]["found"]
    assert found["lines"] == 4
    assert len(found["sha256"]) == 64


def test_a_log_that_changes_after_loading_is_not_replayed(tmp_path: Path) -> None:
    small_trace(tmp_path)
    scenario = replayed(tmp_path)
    trace_of(tmp_path, [f"{stamp(0)},card_sale"])
    with pytest.raises(DeclarationError, match="has changed since"):
        planned(scenario)


def test_lines_out_of_order_are_sorted_within_the_window(tmp_path: Path) -> None:
    moments = [3.0, 1.0, 2.0, 6.5, 4.0, 11.0, 9.0]
    trace_of(tmp_path, [f"{stamp(at)},card_sale" for at in moments])
    assert seconds(planned(replayed(tmp_path))) == sorted(at - 1.0 for at in moments)
    told = refusal(tmp_path, 'sorted_within = "1s"')
    assert "line 3: timestamp: lies 2 s before a line above it; lines are sorted within 1 s" in told


@given(st.lists(st.floats(0, 40), min_size=1, max_size=60), st.integers(20, 200))
def test_any_small_disorder_is_sorted_wherever_blocks_end(
    tmp_path_factory: pytest.TempPathFactory, moments: list[float], block: int
) -> None:
    folder = tmp_path_factory.mktemp("trace")
    ordered = sorted(moments)
    disordered = [at for pair in zip(ordered[1::2], ordered[::2], strict=False) for at in pair]
    trace_of(folder, [f"{stamp(at)},card_sale" for at in disordered or ordered])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_columns, "BLOCK_BYTES", block)
        stamps = np.concatenate(
            [part.stamp_ns for part in read_trace(folder / "log.csv", sorted_within_ns=10**11)]
        )
    assert (np.diff(stamps) >= 0).all()
    assert len(stamps) == len(disordered or ordered)


STAMPS = {
    "iso with Z": "2026-11-23T08:00:00Z",
    "iso with a blank": "2026-11-23 08:00:00.5Z",
    "iso with a zone": "2026-11-23T09:30:00.123456789+01:30",
    "iso west": "2024-02-29T23:59:59.999-08:00",
    "seconds": "1795000000",
    "seconds with a fraction": "1795000000.123456",
    "milliseconds": "1795000000123",
    "microseconds": "1795000000123456",
    "nanoseconds": "1795000000123456789",
}


@pytest.mark.parametrize("text", STAMPS.values(), ids=STAMPS)
def test_a_stamp_is_read_as_python_reads_it(text: str) -> None:
    stamp_ns, sound = parse_stamps(np.array([text.encode()] * 3), unit_of(text.encode()))
    assert sound.all()
    if "-" in text:
        whole, _, rest = text.partition(".")
        digits = rest.removesuffix("Z")[: -6 if text[-6] in "+-" else None]
        zone = text[-6:] if not text.endswith("Z") else "+00:00"
        moment = datetime.fromisoformat(whole.removesuffix("Z")[:19] + zone)
        expected = int(moment.timestamp()) * 10**9 + int(digits.ljust(9, "0"))
    else:
        whole, _, digits = text.partition(".")
        expected = int(whole) * 10 ** (19 - len(whole)) + (int(digits.ljust(9, "0")) if digits else 0)
    assert stamp_ns.tolist() == [expected] * 3


@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30)),
            st.integers(-14 * 60, 14 * 60),
        ),
        min_size=1,
    )
)
def test_iso_stamps_agree_with_the_standard_library(moments: list[tuple[datetime, int]]) -> None:
    zoned = [moment.replace(tzinfo=timezone(timedelta(minutes=minutes))) for moment, minutes in moments]
    texts = [moment.isoformat().encode() for moment in zoned]
    stamp_ns, sound = parse_stamps(np.array(texts), StampUnit.ISO)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert sound.all()
    assert stamp_ns.tolist() == [(moment - epoch) // timedelta(microseconds=1) * 1000 for moment in zoned]


GOOD = f"{stamp(0)},card_sale"
MALFORMED = {
    "no zone": ([GOOD, "2026-11-23T08:00:01,card_sale"], "line 3: timestamp: write ISO 8601 with a zone"),
    "no such day": ([GOOD, "2026-02-30T08:00:01Z,card_sale"], "line 3: timestamp: "),
    "hour 24": ([GOOD, "2026-11-23T24:00:01Z,card_sale"], "line 3: timestamp: "),
    "text for a stamp": ([GOOD, "yesterday,card_sale"], '(got "yesterday")'),
    "an empty stamp": ([GOOD, ",card_sale"], "line 3: timestamp: write ISO 8601 with a zone"),
    "two units": (
        ["1795000000,card_sale", "1795000000123,card_sale"],
        "line 3: timestamp: is in milliseconds since the epoch, the first line in seconds since the epoch",
    ),
    "a number that runs over": (["9" * 19 + ",card_sale"], "line 2: timestamp: "),
    "a negative number": (["-5,card_sale"], "line 2: timestamp: "),
    "an unknown kind": (
        [GOOD, f"{stamp(1)},card_sail"],
        'line 3: kind: unknown; did you mean card_sale? (got "card_sail")',
    ),
    "an empty kind": ([GOOD, f"{stamp(1)},"], "line 3: kind: unknown; known: card_sale, "),
    "too many fields": ([GOOD, f"{stamp(1)},card_sale,7"], "line 3: has 3 field(s), the header 2"),
    "too few fields": ([GOOD, stamp(1)], "line 3: has 1 field(s), the header 2"),
    "an open quote": ([GOOD, f'{stamp(1)},"card_sale'], "line 3: a quote is not closed on its line"),
    "a field without end": (
        [GOOD, "x" * 70 + ",card_sale"],
        "line 3: timestamp is longer than 64 characters",
    ),
    "nothing at all": ([], "holds no line below its header"),
}


@pytest.mark.parametrize(("lines", "message"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_line_is_named_with_what_would_do(tmp_path: Path, lines: list[str], message: str) -> None:
    trace_of(tmp_path, lines)
    assert message in refusal(tmp_path)


def test_problems_of_several_lines_are_told_together(tmp_path: Path) -> None:
    trace_of(tmp_path, [GOOD, "x,card_sale", GOOD, f"{stamp(1)},y", "z,z"])
    told = refusal(tmp_path)
    assert "4 problems" in told
    assert [line.split(":")[0].strip() for line in told.splitlines()[1:]] == [
        "line 3",
        "line 5",
        "line 6",
        "line 6",
    ]


HEADERS = {
    "no timestamp": ("time,kind", 'line 1: has no column "timestamp"; did you mean time?'),
    "neither kind nor journey": ("timestamp,sort", 'needs one of the columns "kind" and "journey"'),
    "kind and journey": ("timestamp,kind,journey", 'needs one of the columns "kind" and "journey"'),
    "a column twice": ("timestamp,kind,kind", 'column "kind" stands there 2 times'),
    "no header": ("", "line 1: is empty"),
}


@pytest.mark.parametrize(("header", "message"), HEADERS.values(), ids=HEADERS)
def test_a_wrong_header_is_refused(tmp_path: Path, header: str, message: str) -> None:
    trace_of(tmp_path, ["1,2,3"], header)
    assert message in refusal(tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "log.csv: no such file" in refusal(tmp_path)


def test_a_payer_that_the_scenario_does_not_list_is_refused(tmp_path: Path) -> None:
    lines = [f"{stamp(0)},card_sale,PAYER01", f"{stamp(1)},card_sale,PAYER99"]
    trace_of(tmp_path, lines, "timestamp,kind,payer")
    assert "line 3: payer: is not among people.payers; did you mean PAYER" in refusal(tmp_path)


def test_a_journey_that_a_declared_mix_leaves_out_is_refused(tmp_path: Path) -> None:
    small_trace(tmp_path)
    with pytest.raises(
        DeclarationError, match=r"phases.0..file: holds card_sale_only, which .journeys. does not"
    ):
        replayed(tmp_path, mix="[journeys]\neligibility_only = 1\n")


def test_a_warm_up_as_long_as_the_trace_is_refused(tmp_path: Path) -> None:
    small_trace(tmp_path)
    text = scenario_text('shape = "trace"\nfile = "log.csv"', mix="")
    with pytest.raises(DeclarationError, match="warm_up: must be shorter"):
        load_text(tmp_path, text.replace("seed = 5", 'warm_up = "6s"'))


def test_a_cut_without_lines_and_keys_that_exclude_each_other_are_refused(tmp_path: Path) -> None:
    small_trace(tmp_path)
    assert "no line lies within the cut" in refusal(tmp_path, 'cut = { from = "10s" }')
    assert "cut.to must lie after cut.from" in refusal(tmp_path, 'cut = { from = "2s", to = "1s" }')
    assert "exclude each other" in refusal(tmp_path, 'loop = 2\nduration = "1m"')


def test_other_columns_quotes_blank_lines_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    header = "\ufefftimestamp,name,kind\r"
    lines = [f'{stamp(0)},"Doe, Jane",card_sale\r', "\r", f"{stamp(1)},Müller,card_sale\r"]
    trace_of(tmp_path, lines, header)
    assert seconds(planned(replayed(tmp_path))) == [0, 1]


def test_a_long_log_is_read_in_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times the lines take no more memory: what is held is a block and the window of disorder."""
    monkeypatch.setattr(csv_columns, "BLOCK_BYTES", 200_000)
    peaks = []
    for count in (50_000, 200_000):
        stamps = range(1_795_000_000_000, 1_795_000_000_000 + count * 10, 10)
        trace_of(tmp_path, [f"{at},card_sale" for at in stamps])
        scenario = replayed(tmp_path)
        tracemalloc.start()
        total = sum(len(chunk) for chunk in iterate_arrivals(scenario, 1))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert total == count
    assert peaks[1] < 1.3 * peaks[0]


def test_the_mix_may_be_declared_beside_a_trace(tmp_path: Path) -> None:
    small_trace(tmp_path)
    assert replayed(tmp_path, mix=MIX).journeys == {"eligibility_only": 65, "card_sale_only": 35}
