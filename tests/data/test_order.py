"""Every row once: in uniform order, or run by run and shuffled in windows, so that a batch comes from everywhere."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harmonium.data.order import RUNS_PER_WINDOW, shuffled


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@given(n_samples=st.integers(1, 4000), rows_per_run=st.integers(1, 12))
def test_every_row_comes_once(n_samples, rows_per_run):
    order = shuffled(n_samples, rows_per_run, generator())
    assert torch.equal(order.sort().values, torch.arange(n_samples))


@pytest.mark.parametrize(("n_samples", "rows_per_run"), [(5000, 1), (5 * RUNS_PER_WINDOW, 5)])
def test_without_runs_or_within_one_window_the_order_is_uniform(n_samples, rows_per_run):
    assert torch.equal(shuffled(n_samples, rows_per_run, generator()), torch.randperm(n_samples, generator=generator()))


def test_a_window_takes_whole_runs_from_all_over_the_rows():
    rows_per_run, n_runs = 7, 4 * RUNS_PER_WINDOW
    order = shuffled(rows_per_run * n_runs, rows_per_run, generator())
    for window in order.split(rows_per_run * RUNS_PER_WINDOW):
        runs, counts = torch.unique(window // rows_per_run, return_counts=True)
        assert counts.tolist() == [rows_per_run] * RUNS_PER_WINDOW
        # the mean of a quarter of all runs, drawn without putting back, within four standard errors
        error = n_runs * np.sqrt(1 / 12 / RUNS_PER_WINDOW * 0.75)
        assert abs(float(runs.double().mean()) - n_runs / 2) < 4 * error
        assert not torch.equal(window, window.sort().values)


def test_batches_of_rows_sorted_by_class_hold_the_classes_in_nearly_the_shares_of_chance():
    n_classes, batch_size, rows_per_run = 10, 128, 20
    n_samples = 8 * rows_per_run * RUNS_PER_WINDOW
    classes = torch.arange(n_samples) * n_classes // n_samples
    batches = classes[shuffled(n_samples, rows_per_run, generator())].split(batch_size)
    counts = torch.stack([torch.bincount(batch, minlength=n_classes) for batch in batches]).double()
    by_chance = batch_size * 0.1 * 0.9
    assert float(counts.var(0).mean()) < 2 * by_chance


def test_the_order_differs_from_epoch_to_epoch_and_is_the_generators():
    source = generator(3)
    first, second = (shuffled(4000, 4, source) for _ in range(2))
    assert not torch.equal(first, second)
    assert torch.equal(first, shuffled(4000, 4, generator(3)))
