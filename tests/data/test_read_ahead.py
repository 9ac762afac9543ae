"""Rows in a file: the same batches as from memory, and the system told what comes next."""

import mmap

import numpy as np
import pytest
import torch

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
    """A map that writes down the advice it is given."""

    def madvise(self, advice, start=0, length=None):
        self.advice.append((advice, start, length))
        return super().madvise(advice, start) if length is None else super().madvise(advice, start, length)


@pytest.mark.skipif(not hasattr(mmap, "MADV_WILLNEED"), reason="this system takes no advice")
def test_every_row_is_asked_for_before_its_batch_comes_and_the_advice_is_taken_back(tmp_path):
    path = tmp_path / "rows"
    path.write_bytes(np.arange(200 * 1000, dtype=np.float32).tobytes())
    with path.open("rb") as file:
        recorder = Recorder(file.fileno(), 0, access=mmap.ACCESS_READ)
    recorder.advice = []
    rows = np.frombuffer(recorder, dtype=np.float32).reshape(200, 1000)[10:]
    # numpy keeps a memoryview of the map; what is looked for is the map itself
    ahead = ReadAhead(np.ndarray((190, 1000), np.float32, buffer=recorder, offset=10 * 4000))
    order = torch.randperm(190, generator=torch.Generator().manual_seed(0)).split(7)
    with ahead.over(order) as batches:
        for position, batch in enumerate(batches):
            asked = {(start, length) for advice, start, length in recorder.advice if advice == mmap.MADV_WILLNEED}
            for row in batch.tolist():
                first = (10 + row) * 4000
                assert any(start <= first and first + 4000 <= start + length for start, length in asked)
            assert len(asked) <= sum(len(b) for b in order[: position + 1 + N_BATCHES_AHEAD])
    assert rows.shape == (190, 1000)
    assert [advice for advice, _, _ in recorder.advice if advice != mmap.MADV_WILLNEED] == [
        mmap.MADV_RANDOM,
        mmap.MADV_NORMAL,
    ]


def test_rows_in_memory_are_passed_through():
    order = torch.arange(10).split(4)
    with ReadAhead(np.zeros((10, 2))).over(order) as batches:
        assert [len(batch) for batch in batches] == [4, 4, 2]
