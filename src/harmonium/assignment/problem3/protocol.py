"""Problem 3 of the assignment: which runs it is made of, and the figures that come out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from harmonium.assignment.over_seeds import Metrics, check_seeds
from harmonium.assignment.problem3.denoisers import METHODS, measure_denoiser
from harmonium.assignment.whole import check_numbers, check_run, read_figures, read_over_seeds
from harmonium.data.datasets import load_dataset
from harmonium.data.noise import add_noise
from harmonium.estimators.parameters import check_choice, check_positive_integer, check_positive_number
from harmonium.exceptions import InvalidInputError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.contents import check_contents
from harmonium.experiments.processes import run_jobs
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.sweep import train_and_evaluate
from harmonium.families.family import NUMBER
from harmonium.families.sparse_autoencoder import TEST_NOISE_SEED

# what is compared, by its key among the figures: the assignment's one layer, and a few unrolled steps for it
AUTOENCODERS = {
    "sparse_autoencoder": "sparse-autoencoder",
    "sparse_autoencoder_unrolled": "sparse-autoencoder-unrolled",
}
UNROLLED = {"encoder": "unrolled", "l1": 0.35, "batch_size": 128, "n_epochs": 9}


def unrolled_rate(sigma: float) -> float:
    """Return the learning rate of an unrolled encoder: a faster one kills units where the noise is strong."""
    return min(8e-3, 4e-3 / sigma)


@dataclass(frozen=True)
class Problem3:
    """Problem 3: a sparse over-complete denoising autoencoder, 1.5 atoms a pixel, at several strengths of noise.

    Attributes
    ----------
    runs_folder : Path
    data : str
    sigmas : sequence of float
        Standard deviations of the noise; the first is the one that is drawn and whose L1 weight is swept.
    l1_sweep : sequence of float
    n_epochs, n_sweep_epochs : int
        Of one layer.
    unrolled : mapping
        Parameters of the autoencoder with the unrolled encoder, which is trained beside at every strength, at the rate
        of `unrolled_rate`.
    n_seeds : int
        Seeds 0, 1, ...; figures of the autoencoder are means over them.
    methods : sequence of str
        The other denoisers, of `METHODS`.
    """

    runs_folder: Path
    data: str = "mnist"
    sigmas: Sequence[float] = (0.5, 0.25, 1.0)
    l1_sweep: Sequence[float] = (0.1, 0.25, 0.5, 1.0, 2.0)
    n_epochs: int = 20
    n_sweep_epochs: int = 4
    unrolled: Mapping[str, Any] = field(default_factory=UNROLLED.copy)
    n_seeds: int = 1
    methods: Sequence[str] = tuple(METHODS)

    def __post_init__(self) -> None:
        for name in ("n_epochs", "n_sweep_epochs"):
            check_positive_integer(name, getattr(self, name))
        check_seeds(self.n_seeds)
        for sigma in self.sigmas:
            check_positive_number("sigmas", sigma)
        for l1 in self.l1_sweep:
            check_positive_number("l1_sweep", l1)
        for method in self.methods:
            check_choice("methods", method, tuple(METHODS))
        if not isinstance(self.unrolled, Mapping):
            raise InvalidInputError(f"unrolled must be a table of parameters; got {self.unrolled!r:.40}")

    def shortened(self, data: str) -> Problem3:
        """Return the same on other data, with one epoch for everything and the fastest of the other methods."""
        methods = ("identity", "pca", "wiener", "total_variation")
        short = replace(self, n_epochs=1, n_sweep_epochs=1, unrolled={**self.unrolled, "n_epochs": 1})
        return replace(short, data=data, l1_sweep=self.l1_sweep[:2], methods=methods)

    def run(self, sigma: float, seed: int = 0, key: str = "sparse_autoencoder") -> RunDirectory:
        """Return the run directory for a strength of noise, of one of `AUTOENCODERS`."""
        return RunDirectory(self.runs_folder / f"{AUTOENCODERS[key]}-sigma{sigma:g}-seed{seed}")

    def swept(self, l1: float) -> RunDirectory:
        """Return the run directory for a weight of the L1 norm."""
        return RunDirectory(self.runs_folder / f"sparse-autoencoder-l1-{l1:g}")

    def compared(self, sigma: float) -> RunDirectory:
        """Return the folder of what `measure_denoiser` found of every other method, or why it was ``left_out``."""
        return RunDirectory(self.runs_folder / f"other-methods-sigma{sigma:g}")

    def is_tried(self, method: str, sigma: float) -> bool:
        """Whether another method has been tried; one whose package was not installed is tried again."""
        folder = self.compared(sigma)
        if not (folder.path / f"{method}.json").exists():
            return False
        return bool(folder.read_json(f"{method}.json").get("is_installed", True))

    def configs(self) -> dict[Path, TrainConfig]:
        """Return the configuration of every run."""
        strengths = [(sigma, seed) for seed in range(self.n_seeds) for sigma in self.sigmas]
        configs = {  # the longest runs first
            self.run(sigma, seed, "sparse_autoencoder_unrolled").path: self._config(
                seed, noise=sigma, **{"learning_rate": unrolled_rate(sigma), **self.unrolled}
            )
            for sigma, seed in strengths
        }
        configs |= {
            self.run(sigma, seed).path: self._config(seed, noise=sigma, n_epochs=self.n_epochs)
            for sigma, seed in strengths
        }
        return configs | {
            self.swept(l1).path: self._config(0, noise=self.sigmas[0], l1=l1, n_epochs=self.n_sweep_epochs)
            for l1 in self.l1_sweep
        }

    def _config(self, seed: int, **parameters: Any) -> TrainConfig:
        return TrainConfig.resolve("sparse-autoencoder", self.data, seed, **parameters)


def solve_problem3(problem: Problem3, console: Console) -> Metrics:
    """Train, measure and collect everything that the report shows; what is done is not done again.

    Parameters
    ----------
    problem : Problem3
    console : Console

    Returns
    -------
    dict
        ``<sigma>.sparse_autoencoder.`` and ``<sigma>.sparse_autoencoder_unrolled.`` with what `evaluate` measures of
        noisy test images, over the seeds as `over_seeds` does it; ``<sigma>.<method>.`` with what `measure_denoiser`
        does of the same noisy images; ``l1_sweep.<l1>.`` with what `evaluate` measures. A method that is not installed
        is not there.
    """
    shape = load_dataset(problem.data, "train").image_shape
    if shape is None or len(shape) != 2:
        raise InvalidInputError(f"problem 3 needs grey images; {problem.data} has none")
    train_and_evaluate(problem.configs(), console)
    jobs = {
        f"{method}, sigma = {sigma:g}": partial(_measure_other, problem, method, sigma)
        for sigma in problem.sigmas
        for method in problem.methods
        if not problem.is_tried(method, sigma)
    }
    run_jobs(jobs, console, unit="other methods", total=len(jobs))

    return collect_problem3(problem)


def collect_problem3(problem: Problem3) -> Metrics:
    """Collect what `solve_problem3` returns from runs that are whole; raise what `Assignment.collect` says."""
    for path, config in problem.configs().items():
        check_run(RunDirectory(path), config)
    metrics: Metrics = {}
    for sigma in problem.sigmas:
        metrics[f"{sigma:g}"] = {
            key: read_over_seeds([problem.run(sigma, seed, key) for seed in range(problem.n_seeds)])
            for key in AUTOENCODERS
        }
        others = {method: problem.compared(sigma).read_json(f"{method}.json") for method in problem.methods}
        for method, found in others.items():
            is_left_out = "left_out" in found
            wanted = {"left_out": str} if is_left_out else {"test_mse": NUMBER, "psnr": NUMBER, "n_images": int}
            check_contents(found, wanted, problem.compared(sigma).path / f"{method}.json")
            check_numbers(found, problem.compared(sigma).path / f"{method}.json")
        metrics[f"{sigma:g}"] |= {method: found for method, found in others.items() if "left_out" not in found}
    metrics["l1_sweep"] = {f"{l1:g}": read_figures(problem.swept(l1)) for l1 in problem.l1_sweep}
    return metrics


def _measure_other(problem: Problem3, method: str, sigma: float) -> None:
    train, test = (load_dataset(problem.data, split) for split in ("train", "test"))
    noisy = add_noise(test.X, sigma, TEST_NOISE_SEED)
    height, width = np.array(test.image_shape)
    folder = problem.compared(sigma)
    folder.path.mkdir(parents=True, exist_ok=True)
    try:
        found = measure_denoiser(method, train.X, test.X, noisy, sigma, (int(height), int(width)))
    except (ImportError, ValueError) as error:  # not installed, or images too small for it
        found = {"left_out": str(error), "is_installed": not isinstance(error, ImportError)}
    folder.write_json(f"{method}.json", found)
