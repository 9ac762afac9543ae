"""What a search for hyper-parameters is: its data, its space, and the rows and the length of a trial."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from harmonium.data.datasets import Dataset
from harmonium.data.splits import hold_out, strata
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.run_data import load_split
from harmonium.experiments.search_spaces import SearchSpace

VALIDATION_FRACTION = 0.2


@dataclass(frozen=True)
class Tuning:
    """A search for the setting with the lowest validation loss.

    Every trial trains on 80% of the training set and is measured on the other 20%, the same for all, drawn in the
    classes' proportions. Settings are drawn by a tree-structured Parzen estimator (J. Bergstra et al., NeurIPS 2011);
    a trial whose loss after an epoch is not among the best quarter of the trials' so far is pruned.

    Attributes
    ----------
    model, data : str
    space : SearchSpace
    n_epochs : int
        Of a trial.
    n_samples : int, optional
        Rows of the 80% that trials train on, drawn in the classes' proportions, the same for all; by default all of
        them.
    test_fraction : float
        Of the rows of an own file without a test split, which neither trials nor the chosen setting see.
    seed : int
        With one worker the same seed gives the same trials; with more, which trials a new setting is drawn from
        depends on which have ended.
    """

    model: str
    data: str
    space: SearchSpace
    n_epochs: int = 3
    n_samples: int | None = None
    seed: int = 0
    test_fraction: float = 0.0

    def setting(self) -> dict[str, Any]:
        """Return what tells this search from another, as JSON's types."""
        return {
            "model": self.model,
            "data": self.data,
            "data_sha256": self._training_set().sha256,
            "n_epochs": self.n_epochs,
            "n_samples": self.n_samples,
            "seed": self.seed,
            "space": self.space.to_json(),
            # searches of before could hold none back, and go on
            **({"test_fraction": self.test_fraction} if self.test_fraction else {}),
        }

    def config(self, drawn: dict[str, Any], **parameters: Any) -> TrainConfig:
        """Return the configuration of what a trial has drawn."""
        parameters = self.space.parameters(drawn) | parameters
        return TrainConfig.resolve(self.model, self.data, self.seed, test_fraction=self.test_fraction, **parameters)

    def trial(self, drawn: dict[str, Any]) -> tuple[TrainConfig, Dataset]:
        """Return the configuration of a trial and the rows that it trains on and is measured on."""
        data = self._training_set()
        n_held = VALIDATION_FRACTION * len(data.X)
        if self.n_samples is not None and self.n_samples + n_held < len(data.X):
            n_rows = self.n_samples + n_held
            _, rows = hold_out(len(data.X), n_rows / len(data.X), strata(data.labels, n_rows), self.seed)
            data = replace(data, X=data.X[rows], y=None if data.y is None else data.y[rows])
        fraction = n_held / len(data.X)
        return self.config(drawn, validation_fraction=fraction, n_epochs=self.n_epochs), data

    def _training_set(self) -> Dataset:
        return _load(self.data, self.test_fraction, self.seed)


@cache
def _load(name: str, test_fraction: float, seed: int) -> Dataset:
    return load_split(name, "train", test_fraction, seed)
