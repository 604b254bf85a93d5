"""JMeter's results (JTL) as CSV: one line a sample, in whole milliseconds.

`elapsed` includes connecting (`Connect`) and the time to the first byte (`Latency`). Start and end are each cut to a
whole millisecond before they are subtracted, so an elapsed of e stands for anything between e - 1 and e + 1 ms: the
longest is taken. `timeStamp` is the start, as JMeter is shipped (`sampleresult.timestamp.start=true`).

A Transaction Controller writes a line of its own that sums up samples which have theirs. Its `responseMessage` says
"Number of samples in transaction : ". It is left out where its thread has a sample that began no earlier; with
"Generate parent sample" there is none, and the line is the only one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from analysis.imports.foreign_rows import Account, ForeignRow, outcome_of_status
from analysis.imports.lines import csv_rows, refuse, refuse_cell
from analysis.wording import count_text
from scenarios.errors import Problem
from scenarios.observation import Outcome

COLUMNS = {  # and the property of JMeter that writes each
    "timeStamp": "timestamp_format=ms",
    "elapsed": "time=true",
    "label": "label=true",
    "responseCode": "response_code=true",
    "responseMessage": "response_message=true",
    "threadName": "thread_name=true",
    "success": "successful=true",
}
MS = 1_000_000
LONGER_NS = MS - 1  # how much longer than `elapsed` a sample can have been
RESOLUTION_NS = 2 * LONGER_NS
TRANSACTION = "Number of samples in transaction : "
_LATEST_MS = 4_000_000_000_000  # in the year 2096
_NO_HTTP = "Non HTTP response code"


def read_rows(path: Path, account: Account) -> Iterator[ForeignRow]:
    """The requests of a JTL. Raises DeclarationError where it is not one."""
    lines = csv_rows(path, account)
    header, _ = next(lines)
    _check_header(path, header)
    place = [header.index(name) for name in COLUMNS]
    batch = header.index("SampleCount") if "SampleCount" in header else None
    began: dict[str, int] = {}  # by thread: when its last sample began
    for row, line in lines:
        stamp, took, label, code, message, thread, success = (row[each] for each in place)
        started_ms = _whole(path, line, "timeStamp", stamp)
        elapsed_ms = _whole(path, line, "elapsed", took)
        if message.startswith(TRANSACTION):
            if began.get(thread, -1) >= started_ms:
                account.left_out["Transaction Controller"] += 1
                continue
        else:
            began[thread] = started_ms
            if batch is not None and row[batch] not in ("", "1"):
                refuse_cell(
                    path,
                    line,
                    "SampleCount",
                    row[batch],
                    "a line must be one sample; run JMeter with mode=Standard",
                )
        if success not in ("true", "false"):
            refuse_cell(path, line, "success", success, "must be true or false")
        outcome, status = _outcome(code, message, failed=success == "false")
        yield ForeignRow(
            line=line,
            started_ns=started_ms * MS,
            took_ns=elapsed_ms * MS + LONGER_NS,
            name=label,
            method="",
            outcome=outcome,
            status=status,
            # a thread can send twice in a millisecond only what took none
            mark=hash(tuple(row)) if elapsed_ms else line,
        )
    account.remarks.append(
        "Its times are whole milliseconds: the longest time is taken that JMeter would write so, and no FAIL "
        "rests on the difference."
    )
    if controllers := account.left_out["Transaction Controller"]:
        account.remarks.append(
            f"{count_text(controllers)} lines of Transaction Controllers were left out, whose samples have lines of "
            "their own."
        )


def _check_header(path: Path, header: list[str]) -> None:
    missing = [
        Problem(
            where=name, message=f"the column is missing; run JMeter with jmeter.save.saveservice.{written}"
        )
        for name, written in COLUMNS.items()
        if name not in header
    ]
    if missing:
        refuse(path, missing)


def _whole(path: Path, line: int, column: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 13 or int(text) > _LATEST_MS:
        accepted = "must be whole milliseconds"
        if column == "timeStamp":
            accepted += " since 1970; run JMeter with jmeter.save.saveservice.timestamp_format=ms"
        refuse_cell(path, line, column, text, accepted)
    return int(text)


def _outcome(code: str, message: str, *, failed: bool) -> tuple[Outcome, int]:
    if code.startswith(_NO_HTTP):
        late = re.search(r"time-?d?\s?out", f"{code} {message}", re.IGNORECASE) is not None
        return (Outcome.TIMEOUT if late else Outcome.CONNECTION), 0
    status = int(code) if code.isascii() and code.isdecimal() and len(code) <= 3 else 0
    return outcome_of_status(status, failed=failed), status
