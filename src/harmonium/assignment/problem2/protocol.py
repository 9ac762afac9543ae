"""Problem 2 of the assignment: which runs it is made of, and the figures that come out of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console

from harmonium.assignment.judge import check_judge, grey_image_shape, is_judged, judge_config, judge_run, measure_judge
from harmonium.assignment.over_seeds import Metrics, check_seeds
from harmonium.assignment.problem2.chosen import read_chosen
from harmonium.assignment.problem2.generation import measure_generation
from harmonium.assignment.whole import check_run, read_figures, read_over_seeds
from harmonium.data.datasets import load_dataset
from harmonium.data.splits import hold_out
from harmonium.estimators.parameters import check_positive_integer
from harmonium.exceptions import DamagedFileError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.contents import check_contents
from harmonium.experiments.processes import run_jobs
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.search_spaces import search_space
from harmonium.experiments.sweep import train_and_evaluate
from harmonium.experiments.tune import search
from harmonium.experiments.tuning import Tuning
from harmonium.families.family import NUMBER
from harmonium.metrics.latent_space import tsne

MODELS = {"conditional_vae": "conditional-vae", "vae": "vae"}
CLASSES_DRAWN = ("Dress", "Coat", "Sandal", "Sneaker")
MAP = "tsne.npy"
_CODES = dict.fromkeys(("knn_accuracy", "probe_accuracy", "silhouette"), NUMBER)
PERPLEXITY = 30
N_FITTED, N_MAPPED = 5000, 4000
_CONVOLUTIONAL: dict[str, Any] = {
    "architecture": "convolutional",
    "hidden_sizes": (16, 32, 256),
    "learning_rate": 3e-3,
    "learning_rate_schedule": "cosine",
    "batch_size": 64,
}
# what is not tuned: the pair that others' figures can be held against, and one whose latent space is a plane
FIXED_SETTINGS: dict[str, dict[str, Any]] = {
    "bernoulli16": {
        **_CONVOLUTIONAL,
        "hidden_sizes": (16, 32, 512),
        "prior": "mixture",
        "n_latent": 16,
        "likelihood": "bernoulli",
        "n_epochs": 10,
    },
    "latent2": {**_CONVOLUTIONAL, "n_latent": 2, "likelihood": "bernoulli", "n_epochs": 3},
}
SETTINGS = ("chosen", *FIXED_SETTINGS)
JUDGED = ("chosen", "bernoulli16")


@dataclass(frozen=True)
class Problem2:
    """Problem 2: a VAE and a class-conditional VAE of the same architecture, likelihood, budget and seed.

    Attributes
    ----------
    runs_folder : Path
    data : str
    n_trials, n_trial_epochs, n_trial_samples : int
        Of the search for the conditional model's setting, called ``chosen``; the plain model takes it over.
    n_epochs : int
        Of the chosen setting's training.
    n_components : int
        Of the priors that are mixtures.
    n_seeds : int
        Seeds 0, 1, ...; figures are means over them. The search is made once.
    fixed_settings : mapping
        The other settings, by name.
    """

    runs_folder: Path
    data: str = "fashion-mnist"
    n_trials: int = 24
    n_trial_epochs: int = 3
    n_trial_samples: int = 16_000
    n_epochs: int = 12
    n_components: int = 100
    n_seeds: int = 1
    fixed_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: FIXED_SETTINGS)

    def __post_init__(self) -> None:
        for name in ("n_trials", "n_trial_epochs", "n_trial_samples", "n_epochs"):
            check_positive_integer(name, getattr(self, name))
        check_seeds(self.n_seeds)

    def shortened(self, data: str) -> Problem2:
        """Return the same on other data, with a search of two trials and one epoch for everything."""
        settings = {name: {**values, "n_epochs": 1} for name, values in self.fixed_settings.items()}
        return replace(
            self, data=data, n_trials=2, n_trial_epochs=1, n_epochs=1, n_components=10, fixed_settings=settings
        )

    def run(self, key: str, setting: str, seed: int = 0) -> RunDirectory:
        """Return the run directory of one model, a key of `MODELS`, in one setting."""
        return RunDirectory(self.runs_folder / f"{key}-{setting}-seed{seed}")

    def judged_runs(self) -> list[RunDirectory]:
        """Return the run directories of the models whose samples are judged."""
        return [self.run(key, setting, seed) for key in MODELS for setting in JUDGED for seed in range(self.n_seeds)]

    @property
    def judge(self) -> RunDirectory:
        """The run directory of the classifier that judges samples."""
        return judge_run(self.runs_folder)

    def tuning(self) -> Tuning:
        """Return the search for the chosen setting."""
        grey_image_shape(self.data)  # says what is wrong with other data
        space = search_space("conditional-vae", load_dataset(self.data, "train"))
        return Tuning("conditional-vae", self.data, space, self.n_trial_epochs, self.n_trial_samples)

    def configs(self, chosen: dict[str, Any]) -> dict[Path, TrainConfig]:
        """Return the configuration of every run, roughly the longest first."""
        shape = grey_image_shape(self.data)
        settings = {"chosen": {**self.tuning().space.parameters(chosen), "n_epochs": self.n_epochs}}
        settings |= {name: {**values, "image_shape": shape} for name, values in self.fixed_settings.items()}
        configs = {self.judge.path: judge_config(self.data)}
        for setting, parameters in settings.items():
            if parameters.get("prior") == "mixture":
                parameters["n_components"] = self.n_components
            for seed in range(self.n_seeds):
                for key, model in MODELS.items():
                    configs[self.run(key, setting, seed).path] = TrainConfig.resolve(
                        model, self.data, seed, **parameters
                    )
        return configs


def solve_problem2(problem: Problem2, console: Console) -> Metrics:
    """Search, train, measure and collect everything that the report shows; what is done is not done again.

    Parameters
    ----------
    problem : Problem2
    console : Console

    Returns
    -------
    dict
        ``<conditional_vae|vae>.<setting>.`` with what `evaluate` measures, over the seeds as `over_seeds` does it; for
        the settings `JUDGED` also what `measure_generation` does, with ``class_agreement_four``, the mean over
        `CLASSES_DRAWN`; ``judge``, what the classifier says of the test images; ``tuning``, the chosen parameters.
    """
    chosen = search(problem.tuning(), problem.run("conditional_vae", "chosen"), console, n_trials=problem.n_trials)
    train_and_evaluate(problem.configs(chosen), console)
    measure_judge(problem.judge)
    jobs: dict[str, Callable[[], None]] = {}
    for run in problem.judged_runs():
        if not is_judged(run):
            jobs[f"{run.path.name}, samples"] = partial(measure_generation, run, problem.judge)
    for key in MODELS:
        run = problem.run(key, "chosen")
        if not (run.path / MAP).exists():
            jobs[f"{run.path.name}, t-SNE"] = partial(map_latent_space, run)
    run_jobs(jobs, console, unit="measures", total=len(jobs))

    return collect_problem2(problem)


def collect_problem2(problem: Problem2) -> Metrics:
    """Collect what `solve_problem2` returns from runs that are whole; raise what `Assignment.collect` says."""
    searched = problem.run("conditional_vae", "chosen")
    chosen = read_chosen(searched)
    try:
        configs = problem.configs(chosen)
    except (TypeError, ValueError, RecursionError) as error:  # an InvalidInputError does not say where it comes from
        raise DamagedFileError(f"{searched.path / 'study.json'} holds no setting that can be: {error}") from error
    for path, config in configs.items():
        run = RunDirectory(path)
        check_run(run, config)
        if config.model in MODELS.values():
            check_contents(run.measured(), _CODES, path / "metrics.json")
    contents = check_judge(problem.judge)
    n_mapped = min(N_MAPPED, len(load_dataset(problem.data, "test").X))
    for key in MODELS:
        run = problem.run(key, "chosen")
        points = read_map(run)
        if points.shape != (n_mapped, 2) or points.dtype.kind != "f" or not np.isfinite(points).all():
            raise DamagedFileError(f"{run.path / MAP} is damaged: it must hold the map of {n_mapped} images")
    for judged in problem.judged_runs():
        of_samples = contents.intended if judged.config().model == MODELS["conditional_vae"] else contents.judged
        measured = {
            "model_samples": {**of_samples, "recall": NUMBER},
            "reconstructions": contents.intended,
            "negative_log_likelihood": NUMBER,
        }
        check_contents(judged.measured(), measured, judged.path / "metrics.json")
    metrics: Metrics = {}
    for key in MODELS:
        for setting in ("chosen", *problem.fixed_settings):
            runs = [problem.run(key, setting, seed) for seed in range(problem.n_seeds)]
            metrics.setdefault(key, {})[setting] = read_over_seeds(runs, _with_four)
    metrics["judge"] = _with_four(read_figures(problem.judge))
    metrics["tuning"] = chosen
    return metrics


def map_latent_space(run: RunDirectory) -> None:
    """Write ``tsne.npy``: the posterior means of the first test images on a t-SNE map.

    The map is fitted to the means of `N_FITTED` training images, and `N_MAPPED` test images are placed on it.
    """
    vae = run.load_estimator()
    train, test = (load_dataset(run.config().data, split) for split in ("train", "test"))
    _, rows = hold_out(len(train.X), min(0.5, N_FITTED / len(train.X)), train.labels, vae.seed_)
    labels = None if train.labels is None else train.labels[rows]
    fitted = vae.transform(train.X[rows], labels)
    test_labels = None if test.labels is None else test.labels[:N_MAPPED]
    placed = vae.transform(test.X[:N_MAPPED], test_labels)
    points = tsne(fitted, placed, perplexity=PERPLEXITY, seed=vae.seed_)
    run.write_array(MAP, points)


def read_map(run: RunDirectory) -> npt.NDArray[np.float64]:
    """Read what `map_latent_space` wrote, shape (n, 2), of the first n test images."""
    return run.read_array(MAP)


def _with_four(row: Metrics) -> Metrics:
    """Put beside every mean over all classes that over four."""
    result: Metrics = {}
    for key, value in row.items():
        result[key] = _with_four(value) if isinstance(value, dict) and "frechet_distance" in value else value
        agreement = row.get("class_agreement")
        if key == "class_agreement_all" and isinstance(agreement, dict) and set(CLASSES_DRAWN) <= set(agreement):
            four = [agreement[name] for name in CLASSES_DRAWN]
            result["class_agreement_four"] = sum(four) / len(four)
    return result
