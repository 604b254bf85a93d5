"""The M/M/c queue on paper."""

from __future__ import annotations

import math


def share_within(limit_s: float, rate_per_s: float, *, service_s: float, servers: int) -> float:
    """Share of response times within the limit: Poisson arrivals, exponential service of that mean.

    P(T > x) = e^(-mx) + C m/(th - m) (e^(-mx) - e^(-th x)) with m = 1/service_s, th = c m - rate, and C,
    the probability of waiting (Erlang C), from the loss probability B by recursion. At th = m the limit
    (1 + C m x) e^(-mx) holds.
    """
    m = 1.0 / service_s
    load = rate_per_s / m
    if load >= servers:
        raise ValueError("the queue grows without end")
    blocked = 1.0
    for server in range(1, servers + 1):
        blocked = load * blocked / (server + load * blocked)
    use = load / servers
    waits = blocked / (1 - use + use * blocked)
    th = servers * m - rate_per_s
    if math.isclose(th, m):
        over = (1 + waits * m * limit_s) * math.exp(-m * limit_s)
    else:
        over = math.exp(-m * limit_s) + waits * m / (th - m) * (
            math.exp(-m * limit_s) - math.exp(-th * limit_s)
        )
    return 1 - over
