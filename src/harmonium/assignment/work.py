"""The pieces of work that the assignment is made of: what each takes, and how much of it is left."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from harmonium.assignment.judge import is_judged, judge_config
from harmonium.assignment.problem1.protocol import BASELINES, Problem1
from harmonium.assignment.problem2.protocol import MAP, MODELS
from harmonium.assignment.protocol import Assignment
from harmonium.data.datasets import load_dataset
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.study import count_ended_on_disk

# Seconds on 2 cores of an Intel Xeon, one run a core, of one `make reproduce` with the 60,000 training images
_RBM_EPOCH, _RBM_EPOCH_PER_UNIT, _RBM_EPOCH_PER_UNIT_SWEPT = 0.12, 0.004, 0.001
_DRAWS, _DRAWS_PER_UNIT, _BASELINE = 3.0, 0.1, 10.0
_TRIAL, _VAE_EPOCH, _JUDGED_OR_MAPPED, _LIKELIHOOD = 9.0, 11.0, 17.0, 40.0
_SPARSE_EPOCH, _SPARSE_EPOCH_UNROLLED, _OTHER_DENOISER = 3.0, 10.0, 7.0
REPORT = 25.0
_START = 0.7  # of every job, whatever the number of images
_EPOCHS_OF_MEASURING = 2  # measuring a run takes about as long

# the seconds that a piece of work takes there, and the share of it that is left
Piece = tuple[float, Callable[[], float]]


def list_work(assignment: Assignment) -> list[Piece]:
    """List every piece of work of the assignment's problems; what is on disk is counted as done at every look.

    Parameters
    ----------
    assignment : Assignment

    Returns
    -------
    list of (float, callable)
        Seconds on the machine where the pieces were timed, and a function that returns the share in [0, 1] left of it.
    """
    first, second, third = assignment.problem1, assignment.problem2, assignment.problem3
    size = {name: len(load_dataset(name, "train").X) / 60_000 for name in (first.data, second.data, third.data)}
    pieces: list[Piece] = []

    def add_run(run: RunDirectory, n_epochs: int, seconds: float) -> None:
        pieces.append((_START + seconds * (n_epochs + _EPOCHS_OF_MEASURING), lambda: _share_left(run, n_epochs)))

    def add(seconds: float, is_done: Callable[[], bool]) -> None:
        pieces.append((_START + seconds, lambda: 0.0 if is_done() else 1.0))

    judge_epochs = judge_config(second.data).parameters["n_epochs"]
    add_run(second.judge, judge_epochs, size[second.data] * _VAE_EPOCH)
    add(size[second.data] * _JUDGED_OR_MAPPED, partial(is_judged, second.judge))

    for seed in range(first.n_seeds):
        for recipe, m in first.recipes():
            parameters = first.config(recipe, m, seed).parameters
            n_sweeps = parameters["n_gibbs_steps"] if parameters["negative_phase"] == "collapsed" else 0
            seconds = _RBM_EPOCH + m * (_RBM_EPOCH_PER_UNIT + _RBM_EPOCH_PER_UNIT_SWEPT * n_sweeps)
            add_run(first.run(recipe, m, seed), parameters["n_epochs"], size[first.data] * seconds)
        for m in first.n_hidden:
            add(_DRAWS + _DRAWS_PER_UNIT * m, partial(is_judged, first.run("generative", m, seed)))
    for name in BASELINES:
        add(size[first.data] * _BASELINE, partial(_is_measured, first, name))

    searched = second.run("conditional_vae", "chosen")
    n_trials, trial = second.n_trials, _START + size[second.data] * _TRIAL
    pieces.append((n_trials * trial, lambda: _share_of_search_left(searched, n_trials)))
    epochs = {"chosen": second.n_epochs} | {name: fixed["n_epochs"] for name, fixed in second.fixed_settings.items()}
    for key in MODELS:
        for seed in range(second.n_seeds):
            for setting, n_epochs in epochs.items():
                add_run(second.run(key, setting, seed), n_epochs, size[second.data] * _VAE_EPOCH)
        mapped = second.run(key, "chosen").path / MAP
        add(size[second.data] * _JUDGED_OR_MAPPED, mapped.exists)

    for judged in second.judged_runs():
        add(size[second.data] * _JUDGED_OR_MAPPED + _LIKELIHOOD, partial(is_judged, judged))

    for path, config in third.configs().items():
        is_unrolled = config.parameters["encoder"] == "unrolled"
        epoch = _SPARSE_EPOCH_UNROLLED if is_unrolled else _SPARSE_EPOCH
        add_run(RunDirectory(path), config.parameters["n_epochs"], size[third.data] * epoch)
    for sigma in third.sigmas:
        for method in third.methods:
            add(size[third.data] * _OTHER_DENOISER, (third.compared(sigma).path / f"{method}.json").exists)
    return pieces


def _is_measured(problem: Problem1, baseline: str) -> bool:
    return not problem.ranks_left(baseline)


def _share_left(run: RunDirectory, n_epochs: int) -> float:
    if run.metrics() is not None:
        return 0.0
    return 1 - len(run.history()) / (n_epochs + _EPOCHS_OF_MEASURING)


def _share_of_search_left(run: RunDirectory, n_trials: int) -> float:
    return max(0.0, 1 - count_ended_on_disk(run.path) / n_trials)
