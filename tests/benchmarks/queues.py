"""Simulated response times whose true share within the limit is known: queues, autoregressions, stalls.

Each family gives rows of one run: the second in which each transaction was planned and how long it took, on a scale
on which the share p of all times is at most the family's own p-quantile. A limit at that quantile makes p the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from heapq import heapreplace

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.signal import lfilter
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

ROWS = 20_000
RUN_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Planned moments in seconds, sorted, and how long each transaction took."""

    moments_s: Floats
    times: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A way in which transactions depend on each other. `limit(p)` is the p-quantile of its times."""

    name: str
    true_size: float  # effective size of 20 000 rows at p = .9, from the published table or long simulations
    draw: Callable[[np.random.Generator], Run]
    limit: Callable[[float], float]


def independent() -> Family:
    def draw(rng: np.random.Generator) -> Run:
        moments = np.sort(rng.uniform(0, RUN_S, ROWS))
        return Run(moments_s=moments, times=rng.standard_normal(ROWS))

    return Family(name="independent", true_size=ROWS, draw=draw, limit=lambda p: float(ndtri(p)))


def autoregressive(phi: float, true_size: float) -> Family:
    """A Gaussian AR(1) copula over successive transactions."""
    burn = int(20 / (1 - phi))

    def draw(rng: np.random.Generator) -> Run:
        noise = rng.standard_normal(ROWS + burn) * np.sqrt(1 - phi**2)
        moments = np.sort(rng.uniform(0, RUN_S, ROWS))
        return Run(moments_s=moments, times=np.asarray(lfilter([1], [1, -phi], noise))[burn:])

    return Family(name=f"AR(1) {phi:g}", true_size=true_size, draw=draw, limit=lambda p: float(ndtri(p)))


def single_server(load: float, true_size: float) -> Family:
    """M/M/1 with service rate 1: the sojourn is exponential with rate 1 - load (Kleinrock 1975)."""
    burn = int(40 / (1 - load) ** 2)

    def draw(rng: np.random.Generator) -> Run:
        gaps = rng.exponential(1 / load, ROWS + burn)
        service = rng.exponential(1.0, ROWS + burn)
        steps = np.concatenate([[0.0], (service[:-1] - gaps[1:]).cumsum()])
        waits = steps - np.minimum.accumulate(steps)  # Lindley's recursion in closed form
        moments = gaps.cumsum()[burn:]
        return Run(moments_s=_scaled(moments), times=(waits + service)[burn:])

    return Family(
        name=f"M/M/1 {load:g}",
        true_size=true_size,
        draw=draw,
        limit=lambda p: float(-np.log(1 - p) / (1 - load)),
    )


def many_servers(servers: int, load: float, true_size: float) -> Family:
    """M/M/c with service rate 1, simulated server by server."""
    burn = int(40 / (1 - load) ** 2)

    def draw(rng: np.random.Generator) -> Run:
        count = ROWS + burn
        arrivals = rng.exponential(1 / (load * servers), count).cumsum()
        service = rng.exponential(1.0, count)
        free = [0.0] * servers
        ended = np.empty(count)
        for place, (now, need) in enumerate(zip(arrivals.tolist(), service.tolist(), strict=True)):
            ended[place] = end = max(now, free[0]) + need
            heapreplace(free, end)
        return Run(moments_s=_scaled(arrivals[burn:]), times=(ended - arrivals)[burn:])

    return Family(
        name=f"M/M/{servers} {load:g}",
        true_size=true_size,
        draw=draw,
        limit=lambda p: sojourn_quantile(p, servers, load),
    )


def stalls(
    length_s: float, true_size: float, *, good: float = 0.99, bad: float = 0.09
) -> Callable[[float], Family]:
    """On and off: good spells with a share of `good`, stalls of a mean length with `bad`, both exponential."""

    def at(p: float) -> Family:
        stalled = (good - p) / (good - bad)

        def draw(rng: np.random.Generator) -> Run:
            moments = np.sort(rng.uniform(0, RUN_S, ROWS))
            mean_good = length_s * (1 - stalled) / stalled
            count = 50 + int(4 * RUN_S / (length_s + mean_good))
            lengths = np.empty(2 * count)
            lengths[0::2], lengths[1::2] = rng.exponential(mean_good, count), rng.exponential(length_s, count)
            begins_stalled = (
                rng.random() < stalled
            )  # a spell that has begun is as long as a new one: no memory
            if begins_stalled:
                lengths = lengths[1:]
            in_stall = (np.searchsorted(lengths.cumsum(), moments) % 2 == 1) ^ begins_stalled
            fast = rng.random(ROWS) < np.where(in_stall, bad, good)
            times = np.where(fast, rng.uniform(0, 1, ROWS), rng.uniform(1, 2, ROWS))
            return Run(moments_s=moments, times=times)

        return Family(name=f"stalls {length_s:g} s", true_size=true_size, draw=draw, limit=lambda _: 1.0)

    return at


def families() -> Mapping[str, Callable[[float], Family]]:
    """Every family by name, as a function of the true share."""
    fixed = (
        independent(),
        autoregressive(0.9, 1900),
        autoregressive(0.99, 181),
        single_server(0.8, 327),
        single_server(0.9, 77),
        many_servers(8, 0.9, 124),
    )
    found: dict[str, Callable[[float], Family]] = {each.name: (lambda _, each=each: each) for each in fixed}
    return found | {"stalls 6 s": stalls(6, 398), "stalls 60 s": stalls(60, 46)}


def sojourn_tail(x: float, servers: int, load: float) -> float:
    """P(sojourn > x) of M/M/c with service rate 1, in the form that does not overflow.

    e^-x + C / (theta - 1) (e^-x - e^-(theta x)) with theta = c - lambda and Erlang's C.
    """
    theta = servers * (1 - load)
    waiting = erlang_c(servers, load)
    if abs(theta - 1) < 1e-9:
        return float((1 + waiting * x) * np.exp(-x))
    return float(np.exp(-x) + waiting / (theta - 1) * (np.exp(-x) - np.exp(-theta * x)))


def erlang_c(servers: int, load: float) -> float:
    """Erlang's probability of waiting, from his B by recursion."""
    blocked, offered = 1.0, servers * load
    for count in range(1, servers + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return blocked / (1 - load + load * blocked)


def sojourn_quantile(p: float, servers: int, load: float) -> float:
    """The p-quantile of the sojourn of M/M/c with service rate 1."""
    return float(brentq(lambda x: sojourn_tail(x, servers, load) - (1 - p), 0.0, 1e4))


def _scaled(moments: Floats) -> Floats:
    """Moments stretched to the length of the run, so that seconds are bins as in the other families."""
    start, end = moments[0], moments[-1]
    return (moments - start) * (RUN_S * (1 - 1e-9) / (end - start))
