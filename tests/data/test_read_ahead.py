"""Rows in a file: the same batches as from memory, and the system told what comes next."""

import mmap
import threading
import time

import numpy as np
import pytest
import torch

from harmonium.data import _advise, read_ahead
from harmonium.data.batches import Batches
from harmonium.data.order import RUNS_PER_WINDOW, shuffled
from harmonium.data.read_ahead import ReadAhead
from harmonium.data.scaling import Scaling, fit_scaling


@pytest.fixture
def in_file(tmp_path):
    rows = np.random.default_rng(0).normal(size=(500, 700)).astype(np.float32)
    np.save(tmp_path / "rows.npy", rows)
    return np.load(tmp_path / "rows.npy", mmap_mode="r"), rows


def epochs(rows, scaling):
    generator = torch.Generator().manual_seed(3)
    batches = Batches(rows, scaling, 16)
    return [batch.clone() for _ in range(2) for batch, _ in batches.epoch(generator)]


@pytest.mark.parametrize("part", [slice(None), slice(37, 401), slice(None, None, 3), slice(None, None, -1)])
def test_a_mapped_file_within_one_window_gives_the_batches_of_the_array_in_memory(in_file, part):
    mapped, rows = (values[part] for values in in_file)
    scaling = fit_scaling(rows, "global")
    for ours, wanted in zip(epochs(mapped, scaling), epochs(rows, scaling), strict=True):
        assert torch.equal(ours, wanted)


def test_a_larger_mapped_file_gives_every_row_once_in_an_order_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(read_ahead, "_BYTES_PER_RUN", 3 * 8)  # three rows
    rows = np.arange(4000, dtype=np.float32).reshape(2000, 2)
    np.save(tmp_path / "rows.npy", rows)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    identity = Scaling(np.zeros(2), np.ones(2))
    first, second = (torch.cat(epochs(values, identity)[:125]).numpy() for values in (mapped, rows))
    np.testing.assert_array_equal(first[np.argsort(first[:, 0])], rows)
    assert not np.array_equal(first, second)


class Recorder(mmap.mmap):
    """A map that writes down the advice about the whole of it."""

    def madvise(self, advice):
        self.advice.append(advice)
        super().madvise(advice)


needs_advice = pytest.mark.skipif(not hasattr(mmap, "MADV_WILLNEED"), reason="this system takes no advice")


@needs_advice
def test_a_window_is_asked_for_run_by_run_before_its_batches_come_and_the_advice_is_taken_back(tmp_path, monkeypatch):
    path = tmp_path / "rows"
    path.write_bytes(np.zeros(1010 * 5000, dtype=np.float32).tobytes())
    with path.open("rb") as file:
        recorder = Recorder(file.fileno(), 0, access=mmap.ACCESS_READ)
    recorder.advice = []
    monkeypatch.setattr(read_ahead, "_BYTES_PER_RUN", 2 * 20_000)
    rows = np.ndarray((1000, 5000), np.float32, buffer=recorder, offset=10 * 20_000)
    asked = []
    monkeypatch.setattr(_advise, "ask_for", lambda addresses, n_bytes, *rest: asked.append((addresses, n_bytes, rest)))
    rows_per_window = 2 * RUNS_PER_WINDOW
    order = shuffled(1000, 2, torch.Generator().manual_seed(0))
    n_taken = 0
    with ReadAhead(rows).over(order, 7) as batches:
        for batch in batches:
            n_taken += len(batch)
            n_wanted = min(-(-n_taken // rows_per_window) + 1, 2)
            wait_until(lambda wanted=n_wanted: len(asked) >= wanted)  # another thread asks
            assert len(asked) == n_wanted
    for window, (addresses, n_bytes, rest) in zip(order.split(rows_per_window), asked, strict=True):
        parts = zip(((addresses - rows.ctypes.data) // 20_000).tolist(), (n_bytes // 20_000).tolist(), strict=True)
        covered = [row for first, n in parts for row in range(first, first + n)]
        assert covered == window.sort().values.tolist()
        assert len(addresses) <= RUNS_PER_WINDOW
        assert rest == (mmap.PAGESIZE, mmap.MADV_WILLNEED)
    assert recorder.advice == [mmap.MADV_RANDOM, mmap.MADV_NORMAL]


@needs_advice
def test_a_few_rows_held_back_do_not_break_a_run_and_many_do(in_file, monkeypatch):
    mapped, _ = in_file
    asked = []
    monkeypatch.setattr(_advise, "ask_for", lambda addresses, n_bytes, *rest: asked.append((addresses, n_bytes)))
    order = torch.tensor([9, 5, 4, 100, 7])  # of 2800 bytes: three rows between are read along, ninety are not
    with ReadAhead(mapped).over(order, 5) as batches:
        next(batches)
        wait_until(lambda: asked)
    addresses, n_bytes = asked[0]
    assert ((addresses - mapped.ctypes.data) / 2800).tolist() == [4, 100]
    assert (n_bytes / 2800).tolist() == [6, 1]


@needs_advice
def test_a_loop_that_is_left_early_asks_for_no_more(in_file, monkeypatch):
    monkeypatch.setattr(read_ahead, "_BYTES_PER_RUN", 1)  # windows of 256 rows
    asked, n_threads = [], threading.active_count()
    monkeypatch.setattr(_advise, "ask_for", lambda addresses, *rest: (asked.append(addresses), time.sleep(0.5)))
    with ReadAhead(in_file[0]).over(torch.arange(500), 200) as batches:
        next(batches)
        wait_until(lambda: asked)
    assert len(asked) == 1  # of two that were to be
    assert threading.active_count() == n_threads


@needs_advice
def test_only_rows_that_are_not_in_memory_are_asked_for(in_file):
    mapped, _ = in_file
    assert np.isfinite(mapped.sum())  # now they are
    nowhere = np.zeros(3, np.int64)
    there = mapped.ctypes.data + np.array([0, 499, 7]) * mapped.strides[0]
    counts = [
        _advise.ask_for(parts, np.full(len(parts), mapped.strides[0]), mmap.PAGESIZE, mmap.MADV_WILLNEED)
        for parts in (there, nowhere, np.concatenate([there, nowhere]))
    ]
    assert counts == [0, 3, 3]


def wait_until(holds):
    for _ in range(1000):
        if holds():
            return
        time.sleep(0.005)


def test_rows_in_memory_are_passed_through():
    with ReadAhead(np.zeros((10, 2))).over(torch.arange(10), 4) as batches:
        assert [len(batch) for batch in batches] == [4, 4, 2]
