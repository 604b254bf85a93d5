"""Files that a plan names reach a worker that lacks them: whole and unchanged, or refused by name."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest

from loadtests import plan_files
from loadtests.plan_files import PIECE_BYTES, Fetching, PlanFile, files_json, read_piece
from scenarios.errors import DeclarationError

CONTENT = random.Random(3).randbytes(2 * PIECE_BYTES + 17)


def plan_file(path: Path, content: bytes, what: str = "trace", **changes: Any) -> PlanFile:
    path.write_bytes(content)
    facts = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), **changes}
    return PlanFile(path=str(path), what=what, **facts)


def message(*files: PlanFile) -> dict[str, Any]:
    phases = [{"shape": "trace", "file": each.path} for each in files if each.what == "trace"]
    members = next(({"file": each.path} for each in files if each.what == "members"), None)
    return {
        "files": files_json(list(files)),
        "scenario": {"phases": [{"shape": "constant"}, *phases], "people": {"members": members}},
    }


def elsewhere(file: PlanFile, tmp_path: Path) -> list[PlanFile]:
    """What the master has; to the worker the file is at a path that it does not have."""
    moved = Path(file.path).rename(tmp_path / "only-on-the-master")
    return [PlanFile(path=str(moved), what=file.what, sha256=file.sha256, size=file.size)]


def test_a_file_that_lies_here_is_used_where_it_is(tmp_path: Path) -> None:
    file = plan_file(tmp_path / "log.csv", CONTENT)
    fetching = Fetching(message(file), tmp_path)
    assert fetching.wants is None
    assert fetching.plan_message() == message(file)


def test_trace_and_members_come_in_pieces_and_the_plan_names_where_they_are(tmp_path: Path) -> None:
    room = tmp_path / "room"
    room.mkdir()
    trace, members = (
        plan_file(tmp_path / "log.csv", CONTENT),
        plan_file(tmp_path / "members.csv", b"a,b\n", "members"),
    )
    told = message(trace, members)
    masters = [*elsewhere(trace, tmp_path)]
    masters += [PlanFile(path=str(tmp_path / "m2"), what="members", sha256=members.sha256, size=members.size)]
    Path(members.path).rename(tmp_path / "m2")
    fetching = Fetching(told, room)
    pieces = 0
    while (wants := fetching.wants) is not None:
        piece = read_piece(masters, wants)
        assert piece is not None
        assert len(piece["data"]) < PIECE_BYTES + 1000
        assert fetching.take(piece)
        assert not fetching.take(piece)  # the same once more changes nothing
        assert not fetching.take(None)
        pieces += 1
    assert pieces == 3 + 1
    scenario = fetching.plan_message()["scenario"]
    assert Path(scenario["phases"][1]["file"]).read_bytes() == CONTENT
    assert Path(scenario["people"]["members"]["file"]).read_bytes() == b"a,b\n"
    assert told["scenario"]["phases"][1]["file"] == trace.path  # what the master said is left alone


def test_another_file_at_the_same_path_is_replaced_by_the_right_one(tmp_path: Path) -> None:
    file = plan_file(tmp_path / "log.csv", b"the right one")
    master = elsewhere(file, tmp_path)
    Path(file.path).write_bytes(b"another one..")
    fetching = Fetching(message(file), tmp_path)
    assert fetching.wants is not None
    assert fetching.take(read_piece(master, fetching.wants))
    assert Path(fetching.plan_message()["scenario"]["phases"][1]["file"]).read_bytes() == b"the right one"


@pytest.mark.parametrize("left", [b"", b"changed meanwhile"], ids=["gone", "changed"])
def test_a_file_that_changed_on_the_master_is_refused_by_name(tmp_path: Path, left: bytes) -> None:
    file = plan_file(tmp_path / "log.csv", b"as it was planned")
    [master] = elsewhere(file, tmp_path)
    Path(master.path).write_bytes(left) if left else Path(master.path).unlink()
    fetching = Fetching(message(file), tmp_path)
    assert fetching.wants is not None
    with pytest.raises(DeclarationError, match=r"log\.csv.*changed on the master"):
        fetching.take(read_piece([master], fetching.wants))


def test_nothing_but_the_plans_own_data_is_handed_out(tmp_path: Path) -> None:
    trace = plan_file(tmp_path / "log.csv", b"abc")
    code = plan_file(tmp_path / "pay.py", b"def build_call", "module")
    for wants in ({"sha256": "0" * 64, "at": 0}, {"sha256": code.sha256, "at": 0}, {"at": 0}):
        assert read_piece([trace, code], wants) is None


def test_code_never_travels_and_must_be_the_same(tmp_path: Path) -> None:
    code = plan_file(tmp_path / "pay.py", b"def build_call", "module")
    assert Fetching(message(code), tmp_path).wants is None
    Path(code.path).write_bytes(b"def build_fall")
    with pytest.raises(DeclarationError, match=r"pay\.py.*code is not sent to workers; copy it there"):
        Fetching(message(code), tmp_path)


def test_a_file_too_large_to_be_sent_is_refused_with_the_advice_to_copy_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_files, "MAX_TRAVEL_BYTES", 2_000_000)
    trace = plan_file(tmp_path / "log.csv", b"", size=3_000_000)
    with pytest.raises(DeclarationError, match=r"log\.csv.*3 MB are too much.*2 MB.*copy it there"):
        Fetching(message(trace), tmp_path)
    Path(trace.path).write_bytes(b"x" * 3_000_000)  # a copy; its digest is looked at as it is read
    assert Fetching(message(trace), tmp_path).wants is None
