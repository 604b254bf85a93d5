"""Small files as JMeter, k6 and Locust write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.blocks import Block, joined_blocks
from analysis.imports.formats import read_file
from analysis.samples import Samples
from scenarios.kind_names import KindNames
from scenarios.observation import Outcome

T_MS = 1_793_800_000_000
JTL = (
    "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,"
    "sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect"
)
LOCUST = "timestamp,request_type,name,response_time_ms,response_length,status_code,exception"
K6_TAGS = (
    "check",
    "error_code",
    "expected_response",
    "group",
    "method",
    "name",
    "status",
    "url",
    "extra_tags",
    "metadata",
)
K6_CSV = ",".join(("metric_name", "timestamp", "metric_value", *K6_TAGS))
K6_METRIC = (
    '{"type":"Metric","data":{"name":"http_reqs","type":"counter","contains":"default"},"metric":"http_reqs"}'
)


def jtl(
    at_ms: int = 0,
    elapsed: int | str = 1000,
    *,
    label: str = "card_sale",
    code: str = "200",
    message: str = "OK",
    thread: str = "sale 1-1",
    success: str = "true",
) -> str:
    """A line of a JTL."""
    rest = f"{thread},text,{success},,431,120,1,1,null,{elapsed},0,3"
    return f'{T_MS + at_ms},{elapsed},{label},{code},"{message}",{rest}'


def locust(
    at_s: float = 0,
    took_ms: object = 1000.0,
    *,
    name: str = "card_sale",
    status: object = 200,
    exception: str = "",
) -> str:
    """A line of CsvRequestLogger."""
    return f'{T_MS / 1000 + at_s:.6f},POST,{name},{took_ms},431,{status},"{exception}"'


def k6(
    at_s: int = 0, metrics: Mapping[str, float] | None = None, *, stamp: str | None = None, **tags: str
) -> list[str]:
    """The lines of one request of k6's CSV."""
    found = {"method": "POST", "name": "card_sale", "status": "200", "expected_response": "true", **tags}
    cells = ",".join(found.get(tag, "") for tag in K6_TAGS)
    moment = stamp or str(T_MS // 1000 + at_s)
    return [f"{metric},{moment},{value:f},{cells}" for metric, value in (metrics or request()).items()]


def k6_json(time: str, metrics: Mapping[str, float] | None = None, **tags: str) -> list[str]:
    """The lines of one request of k6's JSON."""
    found = {"method": "POST", "name": "card_sale", "status": "200", "expected_response": "true", **tags}
    return [
        json.dumps({"metric": metric, "type": "Point", "data": {"time": time, "value": value, "tags": found}})
        for metric, value in (metrics or request()).items()
    ]


def request(
    duration: float = 1000.0, blocked: float = 0.002, connecting: float = 0.0, tls: float = 0.0
) -> dict[str, float]:
    """The metrics that k6 writes of one request, in milliseconds."""
    return {
        "http_reqs": 1,
        "http_req_duration": duration,
        "http_req_blocked": blocked,
        "http_req_connecting": connecting,
        "http_req_tls_handshaking": tls,
        "http_req_sending": 0.1,
        "http_req_waiting": max(0.0, duration - 0.2),
        "http_req_receiving": 0.1,
        "http_req_failed": 0,
    }


def write(path: Path, lines: Sequence[str], *, end: str = "\n") -> Path:
    """A file of these lines."""
    file = path / "result.csv"
    file.write_text("\n".join(lines) + end, encoding="utf-8")
    return file


def read(file: Path, names: Mapping[str, Any] | None = None) -> tuple[Samples, Block]:
    """The samples of a file and all its rows."""
    samples = read_file(file, KindNames.model_validate({"names": names}) if names else None)
    return samples, joined_blocks([*samples.blocks()])


def outcomes(block: Block) -> list[str]:
    """The outcome of each row."""
    return [Outcome(each).text for each in block.outcome.tolist()]
