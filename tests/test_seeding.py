from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harmonium.exceptions import InvalidInputError
from harmonium.random.seeding import root_seed, spawn_generator

SEEDS = st.integers(0, 2**64)
NAMES = st.text(max_size=20)
GENERATORS = pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])


def draws(seed: int, stream: str, n: int = 4) -> list[int]:
    return torch.randint(2**62, (n,), generator=spawn_generator(seed, stream)).tolist()


def correlation(first: torch.Generator, second: torch.Generator) -> float:
    samples = torch.stack([torch.randn(10_000, generator=generator) for generator in (first, second)])
    return abs(torch.corrcoef(samples)[0, 1].item())


@given(seed=SEEDS)
def test_an_integer_is_the_seed_itself(seed: int) -> None:
    assert root_seed(seed) == seed


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_a_numpy_integer_becomes_a_plain_one(dtype) -> None:
    seed = root_seed(dtype(7))
    assert (seed, type(seed)) == (7, int)


@GENERATORS
def test_a_numpy_generator_gives_its_next_draw(make) -> None:
    generator = make(5)
    seeds = [root_seed(generator) for _ in range(3)]
    assert len(set(seeds)) == 3
    again = make(5)
    assert [root_seed(again) for _ in range(3)] == seeds
    assert all(type(seed) is int and seed >= 0 for seed in seeds)


def test_none_gives_fresh_entropy_every_time() -> None:
    assert len({root_seed(None) for _ in range(20)}) > 15


@pytest.mark.parametrize("bad", [-1, np.int64(-1), True, np.True_, 1.0, "1", [1], np.array(1), np.random])
def test_anything_else_is_refused_in_one_sentence_that_names_the_parameter(bad: object) -> None:
    with pytest.raises(InvalidInputError, match=r"^random_state must be [^\n]+; got [^\n]+$"):
        root_seed(bad)


@given(seed=SEEDS, stream=NAMES)
def test_the_same_seed_and_name_give_the_same_stream(seed: int, stream: str) -> None:
    assert draws(seed, stream) == draws(seed, stream)


@given(seed=SEEDS, names=st.lists(NAMES, min_size=2, max_size=2, unique=True))
def test_another_name_gives_another_stream(seed: int, names: list[str]) -> None:
    assert draws(seed, names[0]) != draws(seed, names[1])


@given(seeds=st.lists(SEEDS, min_size=2, max_size=2, unique=True), stream=NAMES)
def test_another_seed_gives_another_stream(seeds: list[int], stream: str) -> None:
    assert draws(seeds[0], stream) != draws(seeds[1], stream)


@pytest.mark.parametrize(
    ("first", "second"),
    [((0, "order"), (1, "order")), ((0, "order"), (0, "gibbs")), ((1, "order"), (0, "gibbs"))],
)
def test_streams_are_uncorrelated(first: tuple[int, str], second: tuple[int, str]) -> None:
    assert correlation(spawn_generator(*first), spawn_generator(*second)) < 0.05


def test_drawing_from_one_stream_does_not_move_another() -> None:
    expected = draws(0, "gibbs")
    other = spawn_generator(0, "order")
    stream = spawn_generator(0, "gibbs")
    torch.randn(100, generator=other)
    assert torch.randint(2**62, (4,), generator=stream).tolist() == expected


def test_the_streams_of_a_seed_stay_what_they_were_in_earlier_releases() -> None:
    assert spawn_generator(0, "order").initial_seed() == 3238485117335354429


@pytest.mark.parametrize("random_state", [None, 3, np.random.RandomState(0), np.random.default_rng(0)])
def test_no_global_generator_is_set_or_read(random_state: object) -> None:
    def states() -> list[bytes]:
        numpy_state = np.random.get_state(legacy=False)["state"]  # noqa: NPY002 - the legacy state is what is guarded
        return [
            torch.get_rng_state().numpy().tobytes(),
            numpy_state["key"].tobytes() + bytes([numpy_state["pos"] % 256]),
            repr(random.getstate()).encode(),
        ]

    before = states()
    torch.rand(3, generator=spawn_generator(root_seed(random_state), "order"))
    assert states() == before
