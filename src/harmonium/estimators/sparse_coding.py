"""What a sparse autoencoder says of examples: codes, reconstructions, the atoms that they have most of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils.validation import check_is_fitted

from harmonium.estimators.base import LatentVariableEstimator
from harmonium.estimators.inference import map_rows, scaled_chunks
from harmonium.estimators.input_checks import Array, check_codes
from harmonium.estimators.parameters import check_positive_integer
from harmonium.memory import COPIES, memory_for
from harmonium.modules.sparse_autoencoder import SparseAutoencoderModule
from harmonium.precision import DOUBLE, SINGLE
from harmonium.random.seeding import spawn_generator

_SCORE_NOISE_SEED = 0


class SparseCoding(LatentVariableEstimator):
    """Base of the sparse autoencoder: inference with a fitted dictionary."""

    noise: float
    module_: SparseAutoencoderModule

    @property
    def _noise(self) -> torch.Tensor:
        """The standard deviation of the noise in the model's units, shape (n_features,)."""
        return torch.from_numpy(self.noise / self.scaling_.scale).float()

    @property
    def dictionary_(self) -> Array:
        """The columns of D as rows."""
        check_is_fitted(self)
        atoms: Array = self.module_.dictionary.detach().double().numpy()
        return atoms

    @property
    def _n_features_out(self) -> int:
        return len(self.module_.dictionary)

    def transform(self, X: npt.ArrayLike) -> Array:
        """Return the codes h of examples as they are given (no noise is added), shape (n_samples, n_atoms).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        return map_rows(self, X, self._exact_module().encode)

    def inverse_transform(self, H: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return D h + c in the user's units, shape (n_samples, n_features).

        Parameters
        ----------
        H : array-like of shape (n_samples, n_atoms)
        """
        module = self._exact_module()
        codes = check_codes("H", H, self._n_features_out)
        with (
            memory_for(f"decoding {len(codes)} rows", 8.0 * COPIES * len(codes) * self.n_features_in_),
            torch.no_grad(),
        ):
            return self.scaling_.invert(module.decode(torch.from_numpy(codes))).numpy()

    def denoise(self, X: npt.ArrayLike) -> Array:
        """Return the reconstruction of noisy examples, in the user's units, shape (n_samples, n_features).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            With noise as in training; not clipped.
        """
        module = self._exact_module()
        return map_rows(self, X, lambda v: self.scaling_.invert(module.reconstruct(v)))

    def reconstruct(self, X: npt.ArrayLike) -> Array:
        """Return what `denoise` does: the name that all estimators share."""
        return self.denoise(X)

    def score(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> float:
        """Return minus the mean squared error of rows that are given noise and denoised: higher is better.

        The noise has the strength of training and is the same at every call; the error is per value, against the rows
        as they are given, in the square of the user's units.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Without noise.
        y : ignored
        """
        module, scale = self._exact_module(), torch.from_numpy(self.scaling_.scale)
        generator = spawn_generator(_SCORE_NOISE_SEED, "test noise")

        def squared_errors(v: torch.Tensor) -> torch.Tensor:
            noise = torch.empty(v.shape, **SINGLE).normal_(generator=generator)
            denoised: torch.Tensor = module.reconstruct(v + self._noise * noise)
            return (scale * (v - denoised)).square().mean(1)

        return -float(map_rows(self, X, squared_errors).mean(dtype=np.float64))

    def top_atoms(self, X: npt.ArrayLike, n: int = 5, *, over_all: bool = False) -> tuple[npt.NDArray[np.int64], Array]:
        """Return the atoms that each example has most of, or that all examples together have.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        n : int
        over_all : bool
            True ranks by the mean of :math:`|h_i|` over the examples.

        Returns
        -------
        indices : ndarray of shape (n_samples, n), or (n,) over all
            Into `dictionary_`, the largest :math:`|h_i|` first; all of them where `n` is more than there are.
        intensities : ndarray of the same shape
            :math:`|h_i|`, or its mean.
        """
        check_positive_integer("n", n)
        module, n = self._exact_module(), min(n, self._n_features_out)
        rows, chunks = scaled_chunks(self, X)
        n_ranked = 1 if over_all else len(rows)
        total = torch.zeros(self._n_features_out, **DOUBLE)
        indices, values = np.empty((n_ranked, n), np.int64), np.empty((n_ranked, n), rows.dtype)
        with torch.no_grad():
            for start, (v,) in chunks:
                intensities = module.encode(v).abs()
                if over_all:
                    total += intensities.sum(0)
                else:
                    _rank(intensities, indices[start : start + len(v)], values[start : start + len(v)])
        if not over_all:
            return indices, values
        _rank(total[None] / len(rows), indices, values)
        return indices[0], values[0]


def _rank(intensities: torch.Tensor, indices: npt.NDArray[np.int64], values: Array) -> None:
    """Fill in which of each row are the largest, and these; equal ones in the order they have."""
    ordered, order = intensities.sort(dim=-1, descending=True, stable=True)
    indices[:], values[:] = order[:, : indices.shape[1]].numpy(), ordered[:, : indices.shape[1]].numpy()
