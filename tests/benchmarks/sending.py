"""What sending costs: `python -m tests.benchmarks.sending` (`make bench`); exit code 1 where a bar is missed.

Every case is a process of its own on one core, the canned gateway is on another, and the cases of one repetition run
one after the other, so that what else the machine does strikes all of them alike. Figures are per CPU second of the
client; a ratio is the median of the ratios within repetitions.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.pace import measure_pace
from tests.loadtests.http_certificates import make_certificates

CONNECTIONS = 64
_WITHIN_S = 180


@dataclass(frozen=True, slots=True)
class Case:
    """A client, what it sends and how often."""

    name: str
    client: str
    what: str
    count: int
    tls: bool = False


OUR_SALE = Case("our sale", "ours", "sale", 100_000)
OUR_INQUIRY = Case("our inquiry", "ours", "inquiry", 80_000)
OUR_TLS = Case("our sale, TLS", "ours", "sale", 60_000, tls=True)
FAST_SALE = Case("FastHttpUser sale", "fast", "sale", 8_000)
FAST_INQUIRY = Case("FastHttpUser inquiry", "fast", "inquiry", 6_000)
FAST_TLS = Case("FastHttpUser sale, TLS", "fast", "sale", 7_000, tls=True)
HTTP_SALE = Case("HttpUser sale", "http", "sale", 2_500)
CASES = (OUR_SALE, FAST_SALE, HTTP_SALE, OUR_INQUIRY, FAST_INQUIRY, OUR_TLS, FAST_TLS)


@dataclass(frozen=True, slots=True)
class Bar:
    """At least so many times what a peer does per CPU second."""

    ours: Case
    peer: Case
    least: float


BARS = (
    Bar(OUR_SALE, FAST_SALE, 6),
    Bar(OUR_SALE, HTTP_SALE, 20),
    Bar(OUR_INQUIRY, FAST_INQUIRY, 5),
    Bar(OUR_TLS, FAST_TLS, 5),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where things run."""

    url: str
    tls_url: str
    authority: str
    core: int

    def order(self, case: Case, **more: Any) -> dict[str, Any]:
        """What a child process is told of a case; everything is due at once unless `rate_per_s` says otherwise."""
        order = {
            "client": case.client,
            "what": case.what,
            "count": case.count,
            "url": self.tls_url if case.tls else self.url,
            "authority": self.authority if case.tls else None,
            "connections": CONNECTIONS,
            "core": self.core,
            "rate_per_s": 1_000_000,
        }
        return {**order, **more}


def measure(order: dict[str, Any]) -> dict[str, Any]:
    """Run one case in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.one_case", json.dumps(order)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_WITHIN_S, check=False)
    if done.returncode:
        raise SystemExit(f"{order['client']} {order['what']} failed:\n{done.stderr[-3000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def cost_us(result: dict[str, Any]) -> float:
    """CPU of the client per transaction, user and system."""
    return float(result["user_s"] + result["system_s"]) / result["done"] * 1e6


@contextlib.contextmanager
def bench() -> Iterator[Bench]:
    """Two canned gateways, plain and TLS, on the first core; clients go on the last."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("the bench needs two cores: one for the gateway, one for the client")
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        made = make_certificates(Path(scratch))
        ports = []
        in_python = [sys.executable, "-m", "tests.benchmarks.canned_gateway"]
        with_tls = [*in_python, str(made.server.certificate), str(made.server.key)]
        for command in (compiled_gateway(Path(scratch)) or in_python, with_tls):
            gateway = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            stack.callback(gateway.communicate)
            stack.callback(gateway.kill)
            os.sched_setaffinity(gateway.pid, {cores[0]})
            assert gateway.stdout is not None
            ports.append(int(gateway.stdout.readline()))
        yield Bench(
            url=f"http://127.0.0.1:{ports[0]}",
            tls_url=f"https://127.0.0.1:{ports[1]}",
            authority=str(made.authority),
            core=cores[-1],
        )


def compiled_gateway(folder: Path) -> list[str] | None:
    """The canned gateway in C, or None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        print("no C compiler: the canned gateway runs in Python, and ratios come out lower")
        return None
    program = folder / "canned_gateway"
    source = Path(__file__).parent / "canned_gateway.c"
    subprocess.run([compiler, "-O2", "-o", str(program), str(source)], check=True)
    return [str(program)]


def wrk_us(here: Bench, seconds: int = 2) -> float | None:
    """wrk's CPU per transaction for one and the same sale, unchecked; None where wrk is not installed."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return None
    script = Path(__file__).parent / "one_sale.lua"
    command = [
        wrk,
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds}s",
        "-s",
        str(script),
        f"{here.url}/rest/payment/sale",
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = subprocess.run(
        ["taskset", "-c", str(here.core), *command],
        capture_output=True,
        text=True,
        check=True,
        timeout=_WITHIN_S,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = next(int(line.split()[0]) for line in said.stdout.splitlines() if " requests in " in line)
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used_s / done * 1e6


def compare(here: Bench, repetitions: int) -> bool:
    """Our cost against the peers', as a table; whether every bar is met."""
    results: dict[Case, list[dict[str, Any]]] = {case: [] for case in CASES}
    wrk = []
    for _ in range(repetitions):
        for case in CASES:
            results[case].append(measure(here.order(case)))
        wrk.append(wrk_us(here))
    print(
        f"CPU per transaction of the client, {CONNECTIONS} connections, {repetitions} interleaved repetitions"
    )
    for case in CASES:
        us = [cost_us(result) for result in results[case]]
        print(f"  {case.name:24} median {statistics.median(us):7.1f} us   least {min(us):7.1f} us")
    passed = True
    for bar in BARS:
        pairs = zip(results[bar.ours], results[bar.peer], strict=True)
        ratio = statistics.median(cost_us(peer) / cost_us(ours) for ours, peer in pairs)
        passed &= report(f"{bar.ours.name} / {bar.peer.name}", ratio, bar.least, "x", at_least=True)
    for case, rows in ((OUR_SALE, 2), (OUR_INQUIRY, 1)):  # a sale leaves its observation and its payment
        recording_us = statistics.median(result["recording_us"] for result in results[case])
        share = statistics.median(result["recording_us"] / cost_us(result) for result in results[case])
        what = f"{case.name}: recording and feeding Locust"
        passed &= report(f"{what}, a row", recording_us / rows, 0.8, "us", at_least=False)
        passed &= report(f"{what}, share of CPU", share * 100, 7, "%", at_least=False)
    if wrk[0] is not None:
        ratios = [cost_us(ours) / each for ours, each in zip(results[OUR_SALE], wrk, strict=True) if each]
        print(
            f"  wrk sends {statistics.median(ratios):.1f} times as many per CPU second as we do (checks nothing)"
        )
    return passed


def report(what: str, value: float, bar: float, unit: str, *, at_least: bool) -> bool:
    """Print one line of the table; whether the bar is met."""
    met = value >= bar if at_least else value <= bar
    relation = ">=" if at_least else "<="
    print(f"  {'ok  ' if met else 'MISS'} {what:56} {value:8.2f} {unit:3} ({relation} {bar:g} {unit})")
    return met


def main() -> None:
    """Measure everything; exit 1 where a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--without-pace", action="store_true", help="leave out half of peak and 110 %% of it")
    options = parser.parse_args()
    with bench() as here:
        passed = compare(here, options.repetitions)
        if not options.without_pace:
            passed &= measure_pace(here.order(OUR_SALE), measure, report)
    raise SystemExit(0 if passed else 1)


if __name__ == "__main__":
    main()
