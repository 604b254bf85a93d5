"""Random bits by address: the same everywhere, now and after any update of numpy."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.random_bits import Stream, bits, bits_of_one, choice_edges, stream_key

U64 = st.integers(0, 2**64 - 1)


@given(key=U64, indices=st.lists(U64, min_size=1, max_size=20))
def test_many_at_once_are_the_same_as_one_at_a_time(key: int, indices: list[int]) -> None:
    together = bits(key, np.array(indices, dtype=np.uint64))
    assert together.tolist() == [bits_of_one(key, index) for index in indices]


def test_bits_are_those_of_the_published_generator() -> None:
    """First outputs of SplitMix64 for the state 0, as in its reference implementation."""
    first_state = 0x9E3779B97F4A7C15
    assert [bits_of_one(first_state, index) for index in range(3)] == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]


def test_keys_and_bits_of_a_seed_never_change() -> None:
    key = stream_key(20261121, Stream.JOURNEY)
    assert key == 0xBA0C8793C6F85F76
    assert [bits_of_one(key, index) for index in (0, 1, 2, 2**40)] == [
        0x6CDDF124A041E2B8,
        0x48B0A5906A7FD1A9,
        0x7E69E68BB9B90271,
        0xB6D5B5BDA1982E33,
    ]
    assert stream_key(1, Stream.CELL_COUNT, 3) == 0x13E839D804BD716F
    assert stream_key(2**63 - 1, Stream.PROVIDER) == 0x9AF33DCE39E8377A


def test_numbers_of_streams_never_change() -> None:
    assert {stream.name: int(stream) for stream in Stream} == {
        "CELL_COUNT": 1,
        "CELL_POSITION": 2,
        "JOURNEY": 3,
        "PERSON": 4,
        "PAYER": 5,
        "AMOUNT": 6,
        "AMOUNT_KIND": 7,
        "PROVIDER": 8,
        "DEPENDENT": 20,
        "CLAIM": 21,
        "CHECK": 22,
        "BURST_SIZE": 40,
        "BURST_POSITION": 41,
        "TRACE_COPIES": 42,
        "THINK": 60,
        "VOID_OR_REFUND": 61,
        "TRIES_AGAIN": 62,
        "RETRY_WAIT": 63,
    }


def test_seeds_streams_and_phases_are_kept_apart() -> None:
    keys = [stream_key(*place) for place in product(range(50), Stream, range(20))]
    assert len(set(keys)) == len(keys)


def test_every_bit_is_set_half_of_the_time() -> None:
    drawn = bits(stream_key(7, Stream.PERSON), np.arange(40_000, dtype=np.uint64))
    ones = [int(((drawn >> np.uint64(place)) & np.uint64(1)).sum()) for place in range(64)]
    assert min(ones) > 20_000 - 500  # five standard deviations of 100
    assert max(ones) < 20_000 + 500


@pytest.mark.parametrize(
    ("weights", "edges"),
    [
        pytest.param([1], [], id="one-choice"),
        pytest.param([1, 1], [2**63], id="halves"),
        pytest.param([1, 1, 1], [2**64 // 3, 2 * 2**64 // 3], id="thirds"),
        pytest.param([65, 35], [65 * 2**64 // 100], id="as-shipped"),
        pytest.param([1e-300, 1], [0], id="hardly-ever"),
        pytest.param([1, 1e-300], [2**64 - 1], id="nearly-always"),
    ],
)
def test_edges_cut_the_range_in_exact_proportion(weights: list[float], edges: list[int]) -> None:
    assert choice_edges(weights).tolist() == edges


@given(st.lists(st.floats(min_value=1e-6, max_value=1e6), min_size=1, max_size=10), U64)
def test_every_draw_falls_into_exactly_one_choice(weights: list[float], draw: int) -> None:
    place = int(np.searchsorted(choice_edges(weights), np.uint64(draw), "right"))
    below, total = sum(weights[:place]), sum(weights)
    assert below / total - 1e-9 <= draw / 2**64 <= (below + weights[place]) / total + 1e-9
