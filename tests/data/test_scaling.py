from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from harmonium.data.scaling import SCALING_KINDS, Scaling, fit_scaling

MATRIX_SHAPES = st_numpy.array_shapes(min_dims=2, max_dims=2, max_side=12)
# whole numbers: their variance is either zero or far above any rounding
MATRICES = st_numpy.arrays(np.float64, MATRIX_SHAPES, elements=st.integers(-1000, 1000).map(float))
ANY_KIND = pytest.mark.parametrize("kind", SCALING_KINDS)


def scaled(X: np.ndarray, kind: str) -> np.ndarray:
    return fit_scaling(X, kind).apply(torch.from_numpy(X)).numpy()


@st.composite
def scalings(draw: st.DrawFn) -> Scaling:
    n_features = draw(st.integers(1, 5))
    mean = draw(st_numpy.arrays(np.float64, n_features, elements=st.floats(-1e3, 1e3)))
    scale = draw(st_numpy.arrays(np.float64, n_features, elements=st.floats(1e-3, 1e3)))
    return Scaling(mean, scale)


@ANY_KIND
@given(X=st_numpy.arrays(np.float64, MATRIX_SHAPES, elements=st.floats(-1e6, 1e6)))
def test_inverting_gives_the_users_values_back(kind: str, X: np.ndarray) -> None:
    scaling = fit_scaling(X, kind)
    back = scaling.invert(scaling.apply(torch.from_numpy(X))).numpy()
    np.testing.assert_allclose(back, X, rtol=1e-12, atol=1e-12 * np.abs(X).max())


@ANY_KIND
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_both_directions_keep_the_precision_of_the_batch(kind: str, dtype: torch.dtype) -> None:
    scaling = fit_scaling(np.array([[1.0, 2.0], [3.0, 5.0]]), kind)
    batch = torch.ones((3, 2), dtype=dtype)
    assert scaling.apply(batch).dtype == scaling.invert(batch).dtype == dtype


@ANY_KIND
def test_the_batch_and_the_matrix_are_left_as_they_were(kind: str) -> None:
    X = np.array([[1.0, 2.0], [3.0, 5.0]])
    before = X.copy()
    scaling = fit_scaling(X, kind)
    scaling.invert(scaling.apply(torch.from_numpy(X)))
    np.testing.assert_array_equal(X, before)


@given(X=MATRICES)
def test_no_scaling_leaves_every_value(X: np.ndarray) -> None:
    np.testing.assert_array_equal(scaled(X, "none"), X)


@pytest.mark.parametrize("kind", ["global", "feature"])
@given(X=MATRICES)
def test_every_feature_is_centred(kind: str, X: np.ndarray) -> None:
    np.testing.assert_allclose(scaled(X, kind).mean(axis=0), 0.0, atol=1e-9)


@given(X=MATRICES)
def test_feature_scaling_gives_every_feature_that_varies_a_standard_deviation_of_one(X: np.ndarray) -> None:
    varies = np.ptp(X, axis=0) > 0
    np.testing.assert_allclose(scaled(X, "feature").std(axis=0), varies, atol=1e-9)


@given(X=MATRICES)
def test_global_scaling_divides_by_one_number_so_that_all_values_together_have_a_standard_deviation_of_one(
    X: np.ndarray,
) -> None:
    assert len(set(fit_scaling(X, "global").scale)) == 1
    varies = np.ptp(X, axis=0).any()
    np.testing.assert_allclose(scaled(X, "global").std(), float(varies), atol=1e-9)


@pytest.mark.parametrize("kind", ["global", "feature"])
@pytest.mark.parametrize("n_samples", [1, 50, 1000, 20_000])
@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, -99.99, 1e8 + 0.1])
def test_constant_data_are_centred_and_divided_by_one(kind: str, n_samples: int, value: float) -> None:
    X = np.full((n_samples, 2), value)
    assert fit_scaling(X, kind).scale.tolist() == [1.0, 1.0]
    np.testing.assert_allclose(scaled(X, kind), 0.0, atol=1e-10 * max(1.0, abs(value)))


@pytest.mark.parametrize(("kind", "largest"), [("feature", 2.0), ("unit-interval", 4.0)])
def test_a_constant_feature_has_the_unit_of_the_one_that_varies_most(kind: str, largest: float) -> None:
    X = np.column_stack([np.full(10, 0.1), np.tile([1.0, 5.0], 5), np.tile([2.0, 3.0], 5), np.zeros(10)])
    scale = fit_scaling(X, kind).scale
    np.testing.assert_allclose(scale, [largest, largest, largest / 4, largest], rtol=1e-12)
    np.testing.assert_allclose(fit_scaling(1e-5 * X, kind).scale, 1e-5 * scale, rtol=1e-9)
    np.testing.assert_array_equal(scaled(X, kind)[:, [0, 3]], 0)


def test_a_constant_feature_does_not_disturb_its_neighbours() -> None:
    X = np.column_stack([np.full(1000, 0.1), np.random.default_rng(0).normal(3.0, 2.0, 1000)])
    np.testing.assert_allclose(scaled(X, "feature").std(axis=0), [0.0, 1.0], atol=1e-9)


@pytest.mark.parametrize("kind", ["global", "feature"])
@pytest.mark.parametrize("spread", [1.0, 1e-3, 1e-6])
def test_a_huge_offset_does_not_hide_the_spread(kind: str, spread: float) -> None:
    X = 1e8 + spread * np.random.default_rng(0).normal(size=(3000, 2))
    found = scaled(X, kind)
    last_digit = np.spacing(1e8) / spread
    np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=1e-6 + 2 * last_digit)
    assert found.std() == pytest.approx(1.0, abs=1e-6 + 2 * last_digit)


def test_a_first_row_far_from_the_others_costs_no_digits_that_matter() -> None:
    X = np.random.default_rng(0).normal(size=(20_000, 2))
    X[0] = 1e8
    scaling = fit_scaling(X, "feature")
    np.testing.assert_allclose(scaling.mean, X.mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(scaling.scale, X.std(axis=0), rtol=1e-10)


@given(scaling=scalings(), data=st.data())
def test_log_volume_is_the_log_of_the_absolute_determinant_of_the_jacobian(
    scaling: Scaling, data: st.DataObject
) -> None:
    v = torch.from_numpy(data.draw(st_numpy.arrays(np.float64, scaling.mean.shape, elements=st.floats(-5, 5))))
    to_user = torch.autograd.functional.jacobian(scaling.invert, v)
    to_model = torch.autograd.functional.jacobian(scaling.apply, v)
    assert torch.linalg.slogdet(to_user).logabsdet.item() == pytest.approx(scaling.log_volume, abs=1e-9)
    assert torch.linalg.slogdet(to_model).logabsdet.item() == pytest.approx(-scaling.log_volume, abs=1e-9)


@pytest.fixture
def mapped(tmp_path) -> np.ndarray:
    """A float32 matrix of several chunks, memory-mapped and read-only, whose sum float32 cannot hold."""
    X = np.random.default_rng(0).normal(1000.0, 0.5, (100_000, 8)).astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    return np.load(tmp_path / "X.npy", mmap_mode="r")


@pytest.mark.parametrize("kind", ["global", "feature"])
def test_a_memory_mapped_float32_matrix_is_measured_in_double_precision(kind: str, mapped: np.ndarray) -> None:
    exact = np.asarray(mapped, np.float64)
    centred = exact - exact.mean(axis=0)
    scale = np.full(8, centred.std()) if kind == "global" else centred.std(axis=0)
    scaling = fit_scaling(mapped, kind)
    np.testing.assert_allclose(scaling.mean, exact.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(scaling.scale, scale, rtol=1e-9)
    assert type(scaling.mean) is type(scaling.scale) is np.ndarray


@ANY_KIND
def test_a_memory_mapped_matrix_is_never_read_into_memory_as_a_whole(kind: str, mapped: np.ndarray) -> None:
    tracemalloc.start()
    try:
        fit_scaling(mapped, kind)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < mapped.nbytes / 2


@given(X=MATRICES)
def test_the_unit_interval_is_filled_by_every_feature_that_varies_and_a_constant_one_is_zero(X: np.ndarray) -> None:
    v, varies = scaled(X, "unit-interval"), np.ptp(X, axis=0) > 0
    assert (v.min(axis=0) == 0).all()
    np.testing.assert_allclose(v.max(axis=0), varies, rtol=1e-15)


def test_the_range_is_that_of_all_chunks_of_a_long_matrix() -> None:
    X = np.zeros((2000, 2), np.float32)
    X[600, 0], X[1999, 1] = -3, 5
    scaling = fit_scaling(X, "unit-interval")
    np.testing.assert_array_equal(scaling.mean, [-3, 0])
    np.testing.assert_array_equal(scaling.scale, [3, 5])
