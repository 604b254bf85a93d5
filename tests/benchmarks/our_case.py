"""The engine as `slagate run` drives it, inside Locust, with the number of users set from outside."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import gevent
import numpy as np
from locust.env import Environment
from locust.stats import RequestStats, StatsError

from loadtests.engine import Engine
from loadtests.engines import put_engine
from loadtests.gateway_user import GatewayUser
from loadtests.locust_statistics import feed
from loadtests.recorder import Recorder
from loadtests.run_plan import RunPlan
from loadtests.solo import SoloHome
from loadtests.wires.credentials import Credentials
from scenarios.kinds import AnyKind, Kind
from scenarios.observation import Outcome, Rows
from scenarios.run_folder import RunFolder
from scenarios.scenario import Scenario
from scenarios.sla import Sla
from scenarios.target import Target
from tests.benchmarks.one_case import cpu_s

_JOURNEYS = {"sale": "card_sale_only", "inquiry": "eligibility_only"}
_CREDENTIALS = Credentials(rest_api_key="key", rest_api_secret="secret", basic_user="u", basic_password="p")


def plan_of(order: dict[str, Any]) -> RunPlan:
    """A plan of `count` arrivals at `rate_per_s`, every reply to be matched."""
    scenario = Scenario.model_validate(
        {
            "name": "bench",
            "purpose": "As many transactions as one process can send.",
            "assurance": "smoke",
            "phases": [
                {
                    "shape": "constant",
                    "rate_per_s": order["rate_per_s"],
                    "duration": f"{order['count'] / order['rate_per_s']:f}s",
                    "arrivals": "even",
                }
            ],
            "journeys": {_JOURNEYS[order["what"]]: 1},
            "money": {"declined_share": 0, "partial_share": 0},
            "people": {"dependents_share": 0},
        }
    )
    target = {
        "name": "canned",
        "endpoints": {
            "rest": f"{order['url']}/rest/payment",
            "soap_edi": f"{order['url']}/healthcare/service.asmx",
        },
    }
    if order.get("authority"):
        target["tls"] = {"ca_file": order["authority"]}
    sla = {
        "name": "bench",
        "source": "a bench",
        "clause": [
            {
                "id": "time",
                "strength": "target",
                "quote": "as fast as it goes",
                "measure": "share_within",
                "limit": order.get("limit", "60s"),
                "at_least": 0.9,
                "classes": ["healthcare", "payment"],
            }
        ],
    }
    plan = RunPlan(
        scenario=scenario,
        slas=(Sla.model_validate(sla),),
        target=Target.model_validate(target),
        seed=1,
    )
    plan.__dict__["lanes"] = order["connections"]  # the rule for users is not what is measured here
    return plan


def recording_cost_us(rows: Rows, what: str) -> float:
    """CPU per transaction of recording what was just recorded, the payment too, and of feeding it to Locust's
    statistics in batches of the size that a tenth of a second brings."""
    count = min(len(rows), 30_000)
    observed = rows[:count].tolist()
    reference, identity = "k3x9ab-123456-0-0", "9325b57c9e0d43978a1c79b0facdf733"
    kinds: dict[int, AnyKind] = {int(kind): kind for kind in Kind}
    with tempfile.TemporaryDirectory() as scratch:
        folder = RunFolder.at(Path(scratch) / "run")
        folder.create()
        recorder, stats = Recorder(folder, count), RequestStats()
        began = time.process_time()
        for place, (a, b, c, d, e, f, g, h, i, j, k, m, n) in enumerate(observed):
            recorder.observe(place, (a, b, c, d, e, f, g, h, i, j, k, m, n))  # made anew, as the sender does
            if what == "sale":
                recorder.pay((a, 0, e, g, 500, 500, reference, identity))
            if place % 3000 == 2999:
                feed(stats, recorder.fresh_rows(), [], kinds=kinds, stats_error=StatsError)
                recorder.flush()
        used_s = time.process_time() - began
        recorder.close()
    return used_s / count * 1e6


def measure_ours(order: dict[str, Any]) -> dict[str, Any]:
    """Send the plan; CPU from t0 to the last row."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = RunFolder.at(order.get("run_dir") or Path(scratch) / "run")
        folder.create()
        marks: dict[str, Any] = {}

        def emit(message: dict[str, Any]) -> None:
            if message["event"] in ("started", "ended"):
                marks[message["event"]] = (*cpu_s(), time.monotonic())

        environment = Environment(user_classes=[GatewayUser])
        runner = environment.create_local_runner()
        plan = plan_of(order)
        engine = Engine(plan, _CREDENTIALS, folder, SoloHome(plan, folder, emit))
        put_engine(environment, engine)
        done = gevent.event.Event()

        def run(**_: Any) -> None:
            gevent.spawn(engine.run, runner.stop).link(lambda _: done.set())

        environment.events.spawning_complete.add_listener(run)
        runner.start(engine.users, engine.users)
        done.wait()
        rows = folder.read_observations().rows
        end = json.loads(folder.end_file.read_text(encoding="utf-8"))
        sound = int((rows["outcome"] == Outcome.COMPLETED).sum())
        assert sound == end["planned"] == len(rows), f"{sound} of {end['planned']} sound"
        assert environment.stats.total.num_requests == len(rows)
        assert environment.stats.total.num_failures == 0
        began, ended = marks["started"], marks["ended"]
        started_ns = np.sort(rows["started_ns"])
        sending_s = float(started_ns[-1] - started_ns[0]) / 1e9
        return {
            "recording_us": recording_cost_us(rows, order["what"]),
            "done": len(rows),
            "user_s": ended[0] - began[0],
            "system_s": ended[1] - began[1],
            "wall_s": ended[2] - began[2],
            "achieved_per_s": (len(rows) - 1) / sending_s,
            "lag_p50_ms": end["generator"]["own_lag_ms"]["p50"],
            "lag_p99_ms": end["generator"]["own_lag_ms"]["p99"],
            "response_p99_ms": float(np.quantile(rows["ended_ns"] - rows["planned_ns"], 0.99)) / 1e6,
            "service_p99_ms": float(np.quantile(rows["ended_ns"] - rows["started_ns"], 0.99)) / 1e6,
        }
