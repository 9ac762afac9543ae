from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harmonium.data.batches import Batches
from harmonium.data.scaling import Scaling, fit_scaling
from harmonium.data.tensors import as_tensor


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbered(n_samples: int, dtype: type = np.float32) -> np.ndarray:
    """A matrix whose first column is its row's number."""
    row = np.arange(n_samples, dtype=dtype)
    return np.column_stack([row, -2 * row])


def identity(n_features: int = 2) -> Scaling:
    return Scaling(np.zeros(n_features), np.ones(n_features))


def one_epoch(batches: Batches, rng: torch.Generator) -> np.ndarray:
    """An epoch's rows in their order; cloned, because the next batch takes a batch's place."""
    return torch.cat([batch.clone() for batch, _ in batches.epoch(rng)]).numpy()


def in_order(rows: np.ndarray) -> np.ndarray:
    return rows[np.argsort(rows[:, 0])]


@pytest.fixture
def warn_always():
    """Let torch repeat the warnings that it otherwise gives once a process."""
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(before)


@given(n_samples=st.integers(1, 60), batch_size=st.integers(1, 80), n_epochs=st.integers(1, 3))
def test_every_epoch_has_every_row_once(n_samples: int, batch_size: int, n_epochs: int) -> None:
    X = numbered(n_samples)
    batches, rng = Batches(X, identity(), batch_size), generator()
    for _ in range(n_epochs):
        np.testing.assert_array_equal(in_order(one_epoch(batches, rng)), X)
    assert batches.n_samples == n_samples


@pytest.mark.parametrize(
    ("n_samples", "batch_size", "sizes"),
    [(10, 4, [4, 4, 2]), (8, 4, [4, 4]), (3, 128, [3]), (3, 1, [1, 1, 1])],
)
def test_the_last_batch_holds_what_is_left(n_samples: int, batch_size: int, sizes: list[int]) -> None:
    batches = Batches(numbered(n_samples), identity(), batch_size)
    assert [len(batch) for batch, _ in batches.epoch(generator())] == sizes


@given(indices=st.lists(st.integers(0, 59), min_size=1, unique=True), batch_size=st.integers(1, 80))
def test_of_chosen_rows_every_epoch_has_each_once_and_no_other(indices: list[int], batch_size: int) -> None:
    X, chosen = numbered(60), np.sort(indices)
    batches, rng = Batches(X, identity(), batch_size, indices=chosen), generator()
    for _ in range(2):
        np.testing.assert_array_equal(in_order(one_epoch(batches, rng)), X[chosen])
    assert batches.n_samples == len(chosen)
    assert len(batches) == sum(1 for _ in batches.epoch(rng)) == np.ceil(len(chosen) / batch_size)


@pytest.mark.parametrize("indices", [None, np.array([17, 3, 5, 11, 2])])
def test_labels_stay_with_their_rows(indices: np.ndarray | None) -> None:
    batches = Batches(numbered(20), identity(), 4, labels=np.arange(20) ** 2, indices=indices)
    for batch, labels in batches.epoch(generator()):
        assert labels.tolist() == batch[:, 0].square().tolist()


def test_choosing_all_rows_in_order_changes_nothing() -> None:
    X = numbered(30)
    chosen = Batches(X, identity(), 7, indices=np.arange(30))
    np.testing.assert_array_equal(one_epoch(chosen, generator()), one_epoch(Batches(X, identity(), 7), generator()))


def test_the_order_differs_between_epochs() -> None:
    batches, rng = Batches(numbered(100), identity(), 7), generator()
    first, second = one_epoch(batches, rng), one_epoch(batches, rng)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, numbered(100))


def test_the_order_is_the_generators_and_does_not_depend_on_the_batch_size() -> None:
    X = numbered(100)
    orders = [one_epoch(Batches(X, identity(), size), generator(3)) for size in (7, 7, 100)]
    np.testing.assert_array_equal(orders[0], orders[1])
    np.testing.assert_array_equal(orders[0], orders[2])
    assert not np.array_equal(orders[0], one_epoch(Batches(X, identity(), 7), generator(4)))


def test_the_global_generator_is_neither_read_nor_moved() -> None:
    before = torch.get_rng_state()
    one_epoch(Batches(numbered(20), identity(), 6), generator())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_batch_is_scaled_and_single_precision(dtype: type) -> None:
    X = numbered(50, dtype)
    scaling = Scaling(np.array([10.0, -3.0]), np.array([2.0, 0.5]))
    batches = Batches(X, scaling, 8)
    assert {batch.dtype for batch, _ in batches.epoch(generator())} == {torch.float32}
    expected = (X.astype(np.float64) - scaling.mean) / scaling.scale
    np.testing.assert_allclose(in_order(one_epoch(batches, generator())), expected, rtol=1e-6)


def test_double_precision_data_are_scaled_before_they_are_rounded() -> None:
    X = 1e8 + np.random.default_rng(0).normal(size=(500, 2))
    scaling = fit_scaling(X, "feature")
    expected = (X - scaling.mean) / scaling.scale
    rows = one_epoch(Batches(X, scaling, 32), generator())
    np.testing.assert_allclose(in_order(rows), in_order(expected), atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_users_array_is_never_changed_not_even_by_who_writes_into_a_batch(dtype: type) -> None:
    X = numbered(20, dtype)
    before = X.copy()
    batches = Batches(X, Scaling(np.array([1.0, 2.0]), np.array([3.0, 4.0])), 20)
    for batch, _ in batches.epoch(generator()):
        batch.zero_()
    np.testing.assert_array_equal(X, before)
    assert one_epoch(batches, generator()).any()


def test_the_scaling_is_never_changed() -> None:
    scaling = Scaling(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    batches = Batches(numbered(20, np.float64), scaling, 6)
    first, second = (one_epoch(batches, generator()) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (scaling.mean.tolist(), scaling.scale.tolist()) == ([1.0, 2.0], [3.0, 4.0])


def read_only(X: np.ndarray, folder) -> np.ndarray:
    X = X.copy()
    X.flags.writeable = False
    return X


def memory_mapped(X: np.ndarray, folder) -> np.ndarray:
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


@pytest.mark.parametrize("protect", [read_only, memory_mapped])
def test_a_read_only_array_gives_its_rows_without_a_copy_or_a_warning(tmp_path, warn_always, protect) -> None:
    X = protect(numbered(20), tmp_path)
    assert as_tensor(X).data_ptr() == X.ctypes.data
    np.testing.assert_array_equal(in_order(one_epoch(Batches(X, identity(), 6), generator())), numbered(20))


def field_of_records(X: np.ndarray) -> np.ndarray:
    """Rows that lie an odd number of bytes apart."""
    records = np.zeros(len(X), [("key", "i1"), ("x", X.dtype, X.shape[1:])])
    records["x"] = X
    return records["x"]


@pytest.mark.parametrize(
    "view",
    [
        pytest.param(np.asfortranarray, id="in column order"),
        pytest.param(lambda X: X[::2], id="every second row"),
        pytest.param(lambda X: X[:, :1], id="one column"),
        pytest.param(lambda X: X[::-1], id="rows reversed"),
        pytest.param(lambda X: X[:, ::-1], id="columns reversed"),
        pytest.param(lambda X: field_of_records(X), id="a field of records"),
    ],
)
def test_the_layout_of_the_array_does_not_matter(view) -> None:
    X = view(numbered(20))
    rows = one_epoch(Batches(X, identity(X.shape[1]), 6), generator())
    np.testing.assert_array_equal(in_order(rows), in_order(X))
