"""Problem 1 of the assignment: which runs it is made of, and the figures that come out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from harmonium.assignment.over_seeds import Metrics, over_seeds
from harmonium.assignment.problem1.baselines import principal_components
from harmonium.data.datasets import load_dataset
from harmonium.estimators.parameters import check_positive_integer
from harmonium.exceptions import InvalidInputError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.contents import check_contents
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.sweep import train_and_evaluate
from harmonium.families.family import NUMBER
from harmonium.families.gaussian_bernoulli_rbm import RECIPES


@dataclass(frozen=True)
class Problem1:
    """Problem 1: Gaussian-Bernoulli RBMs by contrastive divergence, learning rate 0.001, batches of 128.

    Attributes
    ----------
    runs_folder : Path
    data : str
    n_hidden : sequence of int
        M, for the recipes ``generative`` and ``reconstruction``.
    n_epochs : int
    n_seeds : int
        Seeds 0, 1, ...; figures are means over them.
    compared_at : int
        The M at which ``block-cd`` and ``exact-likelihood`` are trained beside the other two.
    """

    runs_folder: Path
    data: str = "fashion-mnist"
    n_hidden: Sequence[int] = (10, 50, 100, 250)
    n_epochs: int = 25
    n_seeds: int = 1
    compared_at: int = 10

    def __post_init__(self) -> None:
        check_positive_integer("seeds", self.n_seeds)
        if not self.n_hidden:
            raise InvalidInputError("n_hidden must name one or more numbers of hidden units; got none")

    def recipes(self) -> list[tuple[str, int]]:
        """Return every (recipe, M) of the protocol, the longest training first."""
        sizes = sorted({*self.n_hidden, self.compared_at}, reverse=True)
        swept = [(name, m) for m in sizes for name in ("generative", "reconstruction")]
        return [*swept, ("exact-likelihood", self.compared_at), ("block-cd", self.compared_at)]

    def run(self, recipe: str, n_hidden: int, seed: int) -> RunDirectory:
        """Return the run directory of one cell."""
        return RunDirectory(self.runs_folder / f"{recipe}-{n_hidden}-seed{seed}")

    @property
    def pca(self) -> RunDirectory:
        """The folder of the figures of principal component analysis."""
        return RunDirectory(self.runs_folder / "pca")

    def configs(self) -> dict[Path, TrainConfig]:
        """Return the configuration of every run."""
        cells = [(recipe, m, seed) for seed in range(self.n_seeds) for recipe, m in self.recipes()]
        return {self.run(*cell).path: self.config(*cell) for cell in cells}

    def config(self, recipe: str, n_hidden: int, seed: int) -> TrainConfig:
        """Return the configuration of one cell."""
        return TrainConfig.resolve(
            "gaussian-bernoulli-rbm",
            self.data,
            seed,
            n_hidden=n_hidden,
            learning_rate=1e-3,
            batch_size=128,
            n_epochs=self.n_epochs,
            **RECIPES[recipe],
        )


def solve_problem1(problem: Problem1, console: Console) -> Metrics:
    """Train, measure and collect everything that the report shows; a second call trains nothing again.

    Parameters
    ----------
    problem : Problem1
    console : Console

    Returns
    -------
    dict
        ``<recipe>.<M>.`` with ``test_mse``, ``test_log_likelihood``, ``log_likelihood_standard_error``,
        ``effective_sample_size`` and ``seconds_per_epoch`` as `evaluate` defines them, over the seeds as `over_seeds`
        does it, and ``pca.<M>.``
    """
    X_train = load_dataset(problem.data, "train").X
    X_test = load_dataset(problem.data, "test").X
    configs = problem.configs()
    for path, config in configs.items():
        RunDirectory(path).check(config)
    train_and_evaluate(configs, console)
    _measure_pca(problem, X_train, X_test)
    return collect_problem1(problem)


def collect_problem1(problem: Problem1) -> Metrics:
    """Collect what `solve_problem1` returns from runs that are whole.

    Raises
    ------
    InvalidInputError
        If a run is not trained and measured.
    DamagedFileError
        If a file of a run cannot be read.
    """
    for path in problem.configs():
        RunDirectory(path).check_whole()
    metrics: Metrics = {}
    for recipe, m in sorted(problem.recipes(), key=lambda cell: cell[1]):
        rows = [problem.run(recipe, m, seed).measured() for seed in range(problem.n_seeds)]
        metrics.setdefault(recipe, {})[str(m)] = over_seeds(rows)
    pca = problem.pca.measured()
    wanted = {"test_mse": NUMBER, "test_log_likelihood": NUMBER}
    check_contents(pca, {str(m): wanted for m in problem.n_hidden}, problem.pca.path / "metrics.json")
    metrics["pca"] = {str(m): pca[str(m)] for m in problem.n_hidden}
    return metrics


def _measure_pca(problem: Problem1, X_train: Any, X_test: Any) -> None:
    known = problem.pca.metrics() or {}
    missing = [m for m in problem.n_hidden if str(m) not in known]
    if missing:
        problem.pca.path.mkdir(parents=True, exist_ok=True)
        problem.pca.write_metrics(known | principal_components(X_train, X_test, missing))
