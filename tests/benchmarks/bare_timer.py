"""How late a bare gevent timer is at a rate: what the pacer is measured against."""

from __future__ import annotations

import time
from typing import Any

import gevent
import numpy as np


def measure_timer(order: dict[str, Any]) -> dict[str, Any]:
    """Sleep until each of evenly spaced moments; lag in milliseconds."""
    moments = (time.monotonic() + 0.05 + np.arange(order["count"]) / order["rate_per_s"]).tolist()
    lag_s = []
    for moment in moments:
        wait_s = moment - time.monotonic()
        if wait_s > 0:
            gevent.sleep(wait_s)
        lag_s.append(time.monotonic() - moment)
    p50, p99 = np.quantile(np.array(lag_s) * 1e3, [0.5, 0.99], method="inverted_cdf")
    return {"lag_p50_ms": float(p50), "lag_p99_ms": float(p99)}
