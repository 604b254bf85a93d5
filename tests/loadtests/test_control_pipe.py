"""The engine's line to its parent: orders in, reports out, and nothing else that prints gets in between."""

from __future__ import annotations

import json
import subprocess
import sys

CHILD = """
import sys
from loadtests.control_pipe import Controls
pipe = Controls()
print("a stray line")
pipe.emit({"event": "heard", "order": pipe.first()})
for order in pipe.orders():
    pipe.emit({"event": "heard", "order": order})
pipe.emit({"event": "progress"})
pipe.emit({"event": "gone"})
"""


def test_orders_come_in_one_by_one_and_stray_lines_stay_out_of_the_reports() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b'{"command": "stop"}\n{"comm')
        child.stdin.flush()
        first = json.loads(child.stdout.readline())
        child.stdin.write(b'and": "cut"}\n{"torn')
        said, errors = child.communicate(timeout=20)
    assert first == {"event": "heard", "order": {"command": "stop"}}
    assert [json.loads(line) for line in said.splitlines()] == [
        {"event": "heard", "order": {"command": "cut"}},
        {"event": "progress"},
        {"event": "gone"},
    ]
    assert errors.decode().split() == ["a", "stray", "line"]


FLOOD = """
from loadtests.control_pipe import Controls
pipe = Controls()
pipe.first()
for number in range(20_000):
    pipe.emit({"event": "progress", "number": number})
pipe.emit({"event": "ended", "end": "x" * 300_000})
"""


def test_progress_never_waits_for_a_reader_and_the_end_is_never_lost() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FLOOD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        said, _ = child.communicate(b"{}\n", timeout=20)
    reports = [json.loads(line) for line in said.splitlines()]
    assert reports[-1] == {"event": "ended", "end": "x" * 300_000}
    numbers = [report["number"] for report in reports[:-1]]
    assert numbers == sorted(set(numbers))


def test_a_reader_that_is_gone_is_no_failure_of_the_engine() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FLOOD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        child.stdin.write(b"{}\n")
        child.stdin.close()
        assert (child.wait(timeout=20), child.stderr.read()) == (0, b"")
