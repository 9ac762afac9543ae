"""Problem 1 of the assignment: which runs it is made of, and the figures that come out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from harmonium.assignment.judge import check_judge, is_judged, judge_config, judge_run, measure_judge
from harmonium.assignment.over_seeds import Metrics, check_seeds
from harmonium.assignment.problem1.baselines import principal_components
from harmonium.assignment.problem1.draws import measure_draws
from harmonium.assignment.problem1.factor_analysis import factor_analysis
from harmonium.assignment.whole import check_run, read_figures, read_over_seeds
from harmonium.data.datasets import load_dataset
from harmonium.data.scaling import fit_scaling
from harmonium.estimators.gaussian_bernoulli_rbm import GaussianBernoulliRBM
from harmonium.estimators.gaussian_bernoulli_recipes import RECIPES
from harmonium.estimators.parameters import check_positive_integer
from harmonium.exceptions import InvalidInputError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.contents import check_contents
from harmonium.experiments.processes import run_jobs
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.sweep import train_and_evaluate
from harmonium.experiments.train import train
from harmonium.families.family import NUMBER

SWEPT = ("textbook", "generative", "reconstruction")
BASELINES = ("pca", "factor_analysis")


@dataclass(frozen=True)
class Problem1:
    """Problem 1: Gaussian-Bernoulli RBMs by contrastive divergence, learning rate 0.001, batches of 128.

    Attributes
    ----------
    runs_folder : Path
    data : str
    n_hidden : sequence of int
        M, for the recipes of `SWEPT`.
    n_epochs : int
    n_seeds : int
        Seeds 0, 1, ...; figures are means over them.
    compared_at : int
        The M at which ``exact-likelihood`` is trained beside the others.
    """

    runs_folder: Path
    data: str = "fashion-mnist"
    n_hidden: Sequence[int] = (10, 50, 100, 250)
    n_epochs: int = 25
    n_seeds: int = 1
    compared_at: int = 10

    def __post_init__(self) -> None:
        check_seeds(self.n_seeds)
        check_positive_integer("n_epochs", self.n_epochs)
        for m in (*self.n_hidden, self.compared_at):
            check_positive_integer("n_hidden", m)
        if not self.n_hidden:
            raise InvalidInputError("n_hidden must name one or more numbers of hidden units; got none")

    def recipes(self) -> list[tuple[str, int]]:
        """Return every (recipe, M) of the protocol, the longest training first."""
        sizes = sorted({*self.n_hidden, self.compared_at}, reverse=True)
        swept = [(name, m) for m in sizes for name in ("generative", "textbook", "reconstruction")]
        return [*swept, ("exact-likelihood", self.compared_at)]

    def run(self, recipe: str, n_hidden: int, seed: int) -> RunDirectory:
        """Return the run directory of one cell."""
        return RunDirectory(self.runs_folder / f"{recipe}-{n_hidden}-seed{seed}")

    def baseline(self, name: str) -> RunDirectory:
        """Return the folder of the figures of one of `BASELINES`."""
        return RunDirectory(self.runs_folder / name)

    def ranks_left(self, name: str) -> list[int]:
        """Return the M at which one of `BASELINES` is not measured yet."""
        known = self.baseline(name).metrics() or {}
        return [m for m in self.n_hidden if str(m) not in known]

    @property
    def judge(self) -> RunDirectory:
        """The run directory of the classifier that judges draws."""
        return judge_run(self.runs_folder)

    def configs(self) -> dict[Path, TrainConfig]:
        """Return the configuration of every run."""
        cells = [(recipe, m, seed) for seed in range(self.n_seeds) for recipe, m in self.recipes()]
        judge = {self.judge.path: judge_config(self.data)}
        return judge | {self.run(*cell).path: self.config(*cell) for cell in cells}

    def trained(self, recipe: str, rbm: GaussianBernoulliRBM) -> Any:
        """Return an RBM trained in the run directory of its cell; a run that is finished is loaded.

        Raises
        ------
        InvalidInputError
            If the run directory holds an RBM with other parameters.
        """
        parameters = rbm.get_params()
        seed = parameters.pop("random_state")
        run = self.run(recipe, rbm.n_hidden, seed)
        train(TrainConfig.resolve("gaussian-bernoulli-rbm", self.data, seed, **parameters), run)
        return run.load_estimator()

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
    """Train, measure and collect everything that the report shows; what is done is not done again.

    Parameters
    ----------
    problem : Problem1
    console : Console

    Returns
    -------
    dict
        ``<recipe>.<M>.`` with ``test_mse``, ``test_log_likelihood``, ``log_likelihood_standard_error``,
        ``effective_sample_size`` and ``seconds_per_epoch`` as `evaluate` defines them, over the seeds as `over_seeds`
        does it; for the recipe ``generative`` also what `measure_draws` does, of draws at the top level, of others
        under ``reconstructions``; ``pca.<M>.`` and ``factor_analysis.<M>.`` with ``test_mse`` and
        ``test_log_likelihood``; ``test_images``, what the judge says of them.
    """
    configs = problem.configs()
    for path, config in configs.items():
        RunDirectory(path).check(config)
    train_and_evaluate(configs, console)
    for name in BASELINES:
        _measure_baseline(problem, name)
    measure_judge(problem.judge)
    jobs = {
        f"{run.path.name}, draws": partial(measure_draws, run, problem.judge)
        for run in _generative_runs(problem)
        if not is_judged(run)
    }
    run_jobs(jobs, console, unit="measures", total=len(jobs))
    return collect_problem1(problem)


def collect_problem1(problem: Problem1) -> Metrics:
    """Collect what `solve_problem1` returns from runs that are whole; raise what `Assignment.collect` says."""
    for path, config in problem.configs().items():
        check_run(RunDirectory(path), config)
    judged = check_judge(problem.judge).judged
    for run in _generative_runs(problem):
        check_contents(run.measured(), {"draws": judged, "reconstructions": judged}, run.path / "metrics.json")
    metrics: Metrics = {}
    for recipe, m in sorted(problem.recipes(), key=lambda cell: cell[1]):
        runs = [problem.run(recipe, m, seed) for seed in range(problem.n_seeds)]
        prepare = _with_draws_on_top if recipe == "generative" and m in problem.n_hidden else dict
        metrics.setdefault(recipe, {})[str(m)] = read_over_seeds(runs, prepare)
    for name in BASELINES:
        found = read_figures(problem.baseline(name))
        wanted = {"test_mse": NUMBER, "test_log_likelihood": NUMBER}
        path = problem.baseline(name).path / "metrics.json"
        check_contents(found, {str(m): wanted for m in problem.n_hidden}, path)
        metrics[name] = {str(m): found[str(m)] for m in problem.n_hidden}
    metrics["test_images"] = read_figures(problem.judge)["test_images"]
    return metrics


def _generative_runs(problem: Problem1) -> list[RunDirectory]:
    """Return the runs whose draws are judged, the longest chains first."""
    sizes = sorted(problem.n_hidden, reverse=True)
    return [problem.run("generative", m, seed) for m in sizes for seed in range(problem.n_seeds)]


def _with_draws_on_top(row: Metrics) -> Metrics:
    return {**{key: value for key, value in row.items() if key != "draws"}, **row["draws"]}


def _measure_baseline(problem: Problem1, name: str) -> None:
    folder, ranks = problem.baseline(name), problem.ranks_left(name)
    if not ranks:
        return
    X_train, X_test = (load_dataset(problem.data, split).X for split in ("train", "test"))
    if name == "pca":
        found = principal_components(X_train, X_test, ranks)
    else:  # with the least sigma that a learned one of the RBMs may have
        low, _ = problem.config("generative", problem.compared_at, 0).parameters["sigma_bounds"]
        found = factor_analysis(X_train, X_test, ranks, low * float(fit_scaling(X_train, "global").scale[0]))
    folder.path.mkdir(parents=True, exist_ok=True)
    folder.write_metrics((folder.metrics() or {}) | found)
