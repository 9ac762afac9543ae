"""What a variational autoencoder decodes along lines through its latent space."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from harmonium.estimators.input_checks import check_codes
from harmonium.estimators.parameters import check_index, check_positive_integer
from harmonium.estimators.variational_inference import VariationalInference
from harmonium.exceptions import InvalidInputError


class LatentPaths(VariationalInference):
    """Base of the variational autoencoders: rows between two examples, and rows along one latent dimension."""

    def interpolate(self, x1: npt.ArrayLike, x2: npt.ArrayLike, n: int = 10, y: Any = None) -> npt.NDArray[np.float64]:
        r"""Return E[x | z] at equal steps of z between two examples, ends included.

        .. math:: z_k = \Bigl(1 - \frac{k}{n-1}\Bigr) \mu(x_1) + \frac{k}{n-1}\, \mu(x_2), \qquad k = 0, \dots, n - 1

        with the means mu of q(z | x): the first and the last row are what `reconstruct` makes of the examples.

        Parameters
        ----------
        x1, x2 : array-like of shape (n_features,), or of an image's shape
        n : int
            Rows, 2 or more.
        y : label, or row of labels
            Needed with a condition: one for both examples and all between them.

        Returns
        -------
        ndarray of shape (n, n_features)
            In the user's units.

        Raises
        ------
        InvalidInputError
            If an example, `n` or `y` is not what it must be.
        """
        check_positive_integer("n", n)
        if n < 2:
            raise InvalidInputError(f"n must be 2 or more, for both ends; got {n!r}")
        first, last = (self.encode(np.asarray(x).reshape(1, -1), y)[0].astype(np.float64) for x in (x1, x2))
        with self._memory_of_rows("an interpolation", n):
            t = np.linspace(0, 1, n)[:, None]
            return self.decode((1 - t) * first + t * last, y)

    def traverse(
        self, z: npt.ArrayLike, dimension: int, values: npt.ArrayLike, y: Any = None
    ) -> npt.NDArray[np.float64]:
        """Return E[x | z] with one coordinate of z set to each of several values.

        Parameters
        ----------
        z : array-like of shape (n_latent,)
            A code, such as a row of `transform`.
        dimension : int
            Which coordinate, from 0.
        values : array-like of shape (n_values,)
            Such as ``np.linspace(-3, 3, 10)``.
        y : label, or row of labels
            Needed with a condition: one for all.

        Returns
        -------
        ndarray of shape (n_values, n_features)
            In the user's units.

        Raises
        ------
        InvalidInputError
            If an argument is not what it must be.
        """
        check_is_fitted(self)
        n_latent = self._n_features_out
        check_index("dimension", dimension, n_latent)
        codes = check_codes("z", np.asarray(z).reshape(1, -1), n_latent)
        along = check_codes("values", np.asarray(values).reshape(-1, 1), 1)
        codes = codes.repeat(len(along), axis=0)
        codes[:, dimension] = along[:, 0]
        return self.decode(codes, y)
