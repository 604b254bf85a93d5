"""One measured case in a process of its own: `python -m tests.benchmarks.one_case '{"client": "ours", ...}'`.

Prints what it measured as one line of JSON. CPU is this process's own, user and system, while it sends.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from typing import Any

import gevent
from locust.env import Environment

from tests.benchmarks.peers import peer

_WARM_UP = 0.2  # of the transactions; connections are made and caches filled meanwhile


def cpu_s() -> tuple[float, float]:
    """User and system CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime, used.ru_stime


def measure_peer(order: dict[str, Any]) -> dict[str, Any]:
    """Locust's own clients, users in a closed loop."""
    state = {"done": 0, "wrong": 0}
    users = [peer(order["client"], order["what"], order["url"], order.get("authority"), state)]
    environment = Environment(user_classes=users)
    runner = environment.create_local_runner()
    runner.start(order["connections"], order["connections"], wait=True)
    while state["done"] < order["count"] * _WARM_UP:
        gevent.sleep(0.005)
    first, began, wall = state["done"], cpu_s(), time.monotonic()
    while state["done"] < first + order["count"]:
        gevent.sleep(0.005)
    done, ended, wall_s = state["done"] - first, cpu_s(), time.monotonic() - wall
    assert state["wrong"] == 0
    assert environment.stats.total.num_failures == 0
    return {
        "done": done,
        "user_s": ended[0] - began[0],
        "system_s": ended[1] - began[1],
        "wall_s": wall_s,
        "counted_by_locust": environment.stats.total.num_requests,
    }


def main() -> None:
    """Measure what the order in the first argument says."""
    order = json.loads(sys.argv[1])
    os.sched_setaffinity(0, {order["core"]})
    if order["client"] == "ours":
        from tests.benchmarks.our_case import measure_ours

        result = measure_ours(order)
    elif order["client"] == "timer":
        from tests.benchmarks.bare_timer import measure_timer

        result = measure_timer(order)
    else:
        result = measure_peer(order)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
