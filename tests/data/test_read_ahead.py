"""Rows in a file: the same batches as from memory, and the system told what comes next."""

import mmap
import threading
import time

import numpy as np
import pytest
import torch

from harmonium.data import _advise
from harmonium.data.batches import Batches
from harmonium.data.read_ahead import N_BATCHES_AHEAD, ReadAhead
from harmonium.data.scaling import fit_scaling


@pytest.fixture
def in_file(tmp_path):
    rows = np.random.default_rng(0).normal(size=(500, 700)).astype(np.float32)
    np.save(tmp_path / "rows.npy", rows)
    return np.load(tmp_path / "rows.npy", mmap_mode="r"), rows


def epochs(rows, scaling):
    generator = torch.Generator().manual_seed(3)
    batches = Batches(rows, scaling, 16)
    return [batch.clone() for _ in range(2) for batch, _ in batches.epoch(generator)]


@pytest.mark.parametrize("part", [slice(None), slice(37, 401), slice(None, None, 3)])
def test_a_mapped_file_gives_the_batches_of_the_array_in_memory(in_file, part):
    mapped, rows = (values[part] for values in in_file)
    scaling = fit_scaling(rows, "global")
    for ours, wanted in zip(epochs(mapped, scaling), epochs(rows, scaling), strict=True):
        assert torch.equal(ours, wanted)


class Recorder(mmap.mmap):
    """A map that writes down the advice about the whole of it."""

    def madvise(self, advice):
        self.advice.append(advice)
        super().madvise(advice)


needs_advice = pytest.mark.skipif(not hasattr(mmap, "MADV_WILLNEED"), reason="this system takes no advice")


@needs_advice
def test_every_row_is_asked_for_before_its_batch_comes_and_the_advice_is_taken_back(tmp_path, monkeypatch):
    path = tmp_path / "rows"
    path.write_bytes(np.arange(200 * 1000, dtype=np.float32).tobytes())
    with path.open("rb") as file:
        recorder = Recorder(file.fileno(), 0, access=mmap.ACCESS_READ)
    recorder.advice = []
    rows = np.ndarray((190, 1000), np.float32, buffer=recorder, offset=10 * 4000)
    asked = []
    monkeypatch.setattr(_advise, "ask_for", lambda addresses, *rest: asked.append((addresses.tolist(), rest)))
    order = torch.randperm(190, generator=torch.Generator().manual_seed(0)).split(7)
    with ReadAhead(rows).over(order) as batches:
        for position, _ in enumerate(batches):
            n_asked = min(position + 1 + N_BATCHES_AHEAD, len(order))
            wait_until(lambda wanted=n_asked: len(asked) >= wanted)  # another thread asks
            assert len(asked) == n_asked
    for batch, (addresses, rest) in zip(order, asked, strict=True):
        assert addresses == [rows.ctypes.data + row * 4000 for row in batch.tolist()]
        assert rest == (4000, mmap.PAGESIZE, mmap.MADV_WILLNEED)
    assert recorder.advice == [mmap.MADV_RANDOM, mmap.MADV_NORMAL]


@needs_advice
def test_a_loop_that_is_left_early_asks_for_no_more(in_file, monkeypatch):
    asked, n_threads = [], threading.active_count()
    monkeypatch.setattr(_advise, "ask_for", lambda addresses, *rest: (asked.append(addresses), time.sleep(0.5)))
    with ReadAhead(in_file[0]).over(torch.arange(500).split(5)) as batches:
        next(batches)
    assert len(asked) <= 2  # of nine that were to be
    assert threading.active_count() == n_threads


@needs_advice
def test_only_rows_that_are_not_in_memory_are_asked_for(in_file):
    mapped, _ = in_file
    assert np.isfinite(mapped.sum())  # now they are
    nowhere = np.zeros(3, np.int64)
    there = mapped.ctypes.data + np.array([0, 499, 7]) * mapped.strides[0]
    counts = [
        _advise.ask_for(rows, mapped.strides[0], mmap.PAGESIZE, mmap.MADV_WILLNEED)
        for rows in (there, nowhere, np.concatenate([there, nowhere]))
    ]
    assert counts == [0, 3, 3]


def wait_until(holds):
    for _ in range(1000):
        if holds():
            return
        time.sleep(0.005)


def test_rows_in_memory_are_passed_through():
    order = torch.arange(10).split(4)
    with ReadAhead(np.zeros((10, 2))).over(order) as batches:
        assert [len(batch) for batch in batches] == [4, 4, 2]
