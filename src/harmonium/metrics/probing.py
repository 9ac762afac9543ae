"""How well few units of a code name the class of an example."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression


def best_units(
    H: npt.NDArray[np.floating], is_member: npt.NDArray[np.bool_], n_units: int
) -> npt.NDArray[np.signedinteger]:
    r"""Return the units that differ most between the examples of a class and all others, the best first.

    They differ by :math:`|\bar h_i^{\text{in}} - \bar h_i^{\text{out}}| / s_i`, the distance of the means over the
    standard deviation of all examples; a unit that never varies comes last.

    Parameters
    ----------
    H : ndarray of shape (n_samples, n_atoms)
    is_member : ndarray of bool, shape (n_samples,)
        Which examples are of the class.
    n_units : int
    """
    distance = np.abs(H[is_member].mean(axis=0) - H[~is_member].mean(axis=0))
    spread = H.std(axis=0)
    score = np.divide(distance, spread, out=np.zeros_like(spread), where=spread > 0)
    return np.argsort(-score, kind="stable")[:n_units]


def sparse_probe_accuracy(
    H_train: npt.NDArray[np.floating],
    y_train: npt.NDArray[Any],
    H_test: npt.NDArray[np.floating],
    y_test: npt.NDArray[Any],
    n_units: int,
) -> float:
    """Return the share of test examples whose class is named right from `n_units` units a class.

    Each class has its `best_units` and a logistic regression on them that tells the class from all others, both of the
    training codes alone; an example is given to the class whose regression is surest. Where the training codes have one
    class, it is named always.

    Parameters
    ----------
    H_train, H_test : ndarray of shape (n, n_atoms)
    y_train, y_test : ndarray of shape (n,)
    n_units : int

    References
    ----------
    W. Gurnee et al., "Finding Neurons in a Haystack: Case Studies with Sparse Probing", TMLR 2023.
    """
    classes = np.unique(y_train)
    if len(classes) == 1:
        return float((y_test == classes[0]).mean())
    sureness = []
    for name in classes:
        units = best_units(H_train, y_train == name, n_units)
        scale = H_train[:, units].std(axis=0)
        scale[scale == 0] = 1
        probe = LogisticRegression(max_iter=300).fit(H_train[:, units] / scale, y_train == name)
        sureness.append(probe.decision_function(H_test[:, units] / scale))
    return float((classes[np.argmax(sureness, axis=0)] == y_test).mean())
