"""Random numbers in bulk: SplitMix64's own, the same compiled and in tensors, and of the law they claim."""

import math
import subprocess
import sys

import pytest
import torch
from scipy import stats

from harmonium.random import draws
from harmonium.random.draws import bernoulli, fill_normal, fill_uniform


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def splitmix64(key, n):
    """Return n hashes in Python's whole numbers, as in figure 17 of the paper."""
    mask, hashes = 2**64 - 1, []
    for i in range(1, n + 1):
        z = (key + i * 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        hashes.append(z ^ (z >> 31))
    return hashes


def test_where_numba_can_keep_nothing_it_compiles_all_the_same():
    """As in a container whose package and home may only be read; numba then finds no place for its cache."""
    program = """
import numba.core.caching, torch
numba.core.caching.CacheImpl._locator_classes = []
from harmonium.random.draws import _compiled_fill, fill_uniform
fill_uniform(torch.empty(3), torch.Generator())
from harmonium.samplers._collapsed_sweep import _compiled_sweep
assert _compiled_fill() is not None and _compiled_sweep() is not None
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_hashes_are_splitmix64s():
    assert splitmix64(1234567, 3) == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", [0, 1, 2, 7, 1000])
def test_compiled_and_tensor_numbers_are_those_of_the_hashes(n, dtype, monkeypatch):
    compiled = fill_uniform(torch.empty(n, dtype=dtype), generator())
    monkeypatch.setattr(draws, "_compiled_fill", lambda: None)
    tensors = fill_uniform(torch.empty(n, dtype=dtype), generator())
    key = int(torch.empty((), dtype=torch.int64).random_(generator=generator()))
    hashes = splitmix64(key, (n + 1) // 2)
    numbers = [z >> 41 for z in hashes] + [(z >> 9) % 2**23 for z in hashes]
    wanted = torch.tensor([(2 * k + 1) / 2**24 for k in numbers[:n]], dtype=dtype)
    assert torch.equal(compiled, wanted)
    assert torch.equal(tensors, wanted)


@pytest.mark.parametrize(("fill", "law"), [(fill_uniform, stats.uniform), (fill_normal, stats.norm)])
def test_numbers_follow_their_law(fill, law):
    drawn = fill(torch.empty(1000, 1001), generator())
    assert bool(drawn.isfinite().all())
    assert stats.kstest(drawn.view(-1).numpy(), law.cdf).pvalue > 1e-3


@pytest.mark.parametrize("fill", [fill_uniform, fill_normal])
def test_numbers_are_uncorrelated_within_and_between_draws(fill):
    source, n = generator(), 10**6
    first, second = (fill(torch.empty(n), source).double() for _ in range(2))
    first, second = first - first.mean(), second - second.mean()
    pairs = {
        "neighbours": (first[1:], first[:-1]),
        "one hash": (first[: n // 2], first[n // 2 :]),
        "two draws": (first, second),
    }
    for name, (a, b) in pairs.items():
        correlation = float((a * b).mean() / (a.std() * b.std()))
        assert abs(correlation) < 4 / math.sqrt(len(a)), name


def test_normal_tails_hold_what_they_should():
    drawn = fill_normal(torch.empty(4 * 10**6), generator())
    for bound in (3.0, 4.0):
        for tail in (drawn > bound, drawn < -bound):
            expected = stats.norm.sf(bound) * len(drawn)
            assert abs(int(tail.sum()) - expected) < 4 * math.sqrt(expected)


def test_bernoulli_draws_each_with_its_own_probability():
    p = torch.tensor([0.0, 0.02, 0.7, 1.0])
    mean = bernoulli(p.expand(10**6, 4), generator()).mean(0, dtype=torch.float64)
    assert torch.equal(mean[[0, 3]], torch.tensor([0.0, 1.0], dtype=torch.float64))
    error = (p * (1 - p) / 10**6).sqrt()
    assert bool(((mean - p).abs()[1:3] < 4 * error[1:3]).all())


def test_a_generator_gives_the_same_draws_again_and_then_others():
    source = generator(5)
    first, second = (fill_normal(torch.empty(3, 5), source) for _ in range(2))
    assert torch.equal(first, fill_normal(torch.empty(3, 5), generator(5)))
    assert not torch.equal(first, second)
