"""The users' numbers are the plan's, whatever Locust is asked for and whoever comes or goes."""

from __future__ import annotations

from loadtests.lane_dispatcher import fixed_lanes


class GatewayUser:
    """Stands in for the Locust user of that name."""


def test_each_worker_gets_the_users_of_its_share_at_once() -> None:
    dispatcher = fixed_lanes(lambda: {"a": 3, "b": 4})(worker_nodes=[], user_classes=[GatewayUser])
    dispatcher.new_dispatch(target_user_count=1, spawn_rate=1)
    assert list(dispatcher) == [{"a": {"GatewayUser": 3}, "b": {"GatewayUser": 4}}]


def test_a_worker_that_comes_late_or_goes_moves_no_user() -> None:
    dispatcher = fixed_lanes(lambda: {"a": 3})(worker_nodes=[], user_classes=[GatewayUser])
    dispatcher.new_dispatch(5, 1)
    list(dispatcher)
    dispatcher.add_worker(object())
    dispatcher.remove_worker(object())
    assert list(dispatcher) == []
    assert dispatcher.dispatch_in_progress  # so that Locust does not dispatch again by itself


def test_a_second_start_dispatches_the_lanes_of_then() -> None:
    lanes = {"a": 3}
    dispatcher = fixed_lanes(lambda: lanes)(worker_nodes=[], user_classes=[GatewayUser])
    dispatcher.new_dispatch(5, 1)
    list(dispatcher)
    lanes["a"] = 7
    dispatcher.new_dispatch(1, 1)
    assert list(dispatcher) == [{"a": {"GatewayUser": 7}}]
