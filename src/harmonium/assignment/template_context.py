"""What the prose of the notebook is filled in with: the runs' figures, and how they are written."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from harmonium.assignment.numbers import log_likelihood, number, percent
from harmonium.assignment.over_seeds import Metrics
from harmonium.assignment.problem1.draws import N_DRAWS
from harmonium.assignment.problem1.exhibits import rarest_class, recipe_code
from harmonium.assignment.problem1.protocol import SWEPT
from harmonium.assignment.problem2.exhibits import classes_drawn
from harmonium.assignment.problem2.generation import N_SAMPLES_PER_CLASS
from harmonium.assignment.problem2.protocol import N_FITTED, N_MAPPED, PERPLEXITY, SETTINGS
from harmonium.assignment.problem3.exhibits import METHOD_TITLES
from harmonium.assignment.protocol import Assignment
from harmonium.assignment.whole import check_numbers
from harmonium.data.datasets import load_dataset
from harmonium.data.registry import REGISTRY
from harmonium.exceptions import InvalidInputError
from harmonium.experiments.contents import check_contents
from harmonium.experiments.run_directory import RunDirectory
from harmonium.families.vae import N_IMPORTANCE


def template_context(assignment: Assignment, metrics: Metrics, runs: Path, folder: Path) -> dict[str, Any]:
    """Return the variables of the templates, read from an assignment's runs.

    Parameters
    ----------
    assignment : Assignment
    metrics : dict
        What `Assignment.collect` returned.
    runs : Path
        The folder of the runs.
    folder : Path
        The folder of the notebook.

    Returns
    -------
    dict
        ``title`` : of the notebook.
        ``runs`` : the folder of the runs, seen from the notebook's.
        ``data1``, ``data2``, ``data3`` : titles of the problems' data sets.
        ``problem1``, ``problem2``, ``problem3`` : the settings.
        ``results1``, ``results2``, ``results3`` : what `solve_problem1` and its siblings return.
        ``manifest``, ``manifest_autoencoders`` : how the runs were made.
        ``recipes`` : by name, the parameters of the RBMs at every M; ``recipe_code`` : the same as Python.
        ``optimisers``, ``schedules`` : in words, by the values of the parameters.
        ``sparse``, ``unrolled`` : parameters of the sparse autoencoder, with one layer and with an unrolled encoder.
        ``vae`` : by setting, the parameters of the variational autoencoders.
        ``study`` : what the search did.
        ``is_quick`` : whether the runs are no result.
        ``classes_drawn`` : the names of the classes that are drawn.
        ``judge_accuracy`` : share of the test images that the classifier is right on.
        ``n_classes`` : their number in all.
        ``class_entropy`` : of equal classes, in nats.
        ``log_volume`` : the sum of the logarithms of the chosen setting's scales: what they take from a log-density
        in pixel units.
        ``n_fitted``, ``n_mapped`` : images of the t-SNE maps: of the training set, of the test set.
        ``n_atoms`` : columns of the sparse autoencoder's dictionary.
        ``left_out`` : by title, why a denoiser was not measured.
        ``n_importance``, ``n_draws``, ``n_samples_per_class``, ``perplexity`` : what was measured with.
        ``number``, ``log_likelihood``, ``percent`` : functions that write a figure.
        ``rarest_class`` : the function of `harmonium.assignment.problem1.exhibits`.
    """
    problem1, problem2, problem3 = assignment.problem1, assignment.problem2, assignment.problem3
    generative = problem1.run("generative", problem1.n_hidden[0], 0)
    sigma = problem3.sigmas[0]
    judge, chosen = problem2.judge.load_estimator(), problem2.run("vae", "chosen").load_estimator()
    train, test = load_dataset(problem2.data, "train"), load_dataset(problem2.data, "test")
    others = {name: problem3.compared(sigma).read_json(f"{name}.json") for name in problem3.methods}
    for name in ("identity", "wiener"):
        if "left_out" in others.get(name, {"left_out": ""}):
            raise InvalidInputError(f"the report needs the denoiser {name}; {problem3.compared(sigma).path} lacks it")
    names = [_title(problem.data) for problem in (problem1, problem2, problem3)]
    return {
        "title": f"Latent-variable models of {' and '.join(dict.fromkeys(names))}",
        "runs": Path(os.path.relpath(runs, folder)).as_posix(),
        "data1": names[0],
        "data2": names[1],
        "data3": names[2],
        "problem1": problem1,
        "problem2": problem2,
        "problem3": problem3,
        "results1": metrics["problem1"],
        "results2": metrics["problem2"],
        "results3": metrics["problem3"],
        "manifest": _manifest(generative),
        "manifest_autoencoders": _manifest(problem2.run("vae", "chosen")),
        "recipe_code": recipe_code(problem1),
        "recipes": {
            name: problem1.run(name, problem1.n_hidden[0], 0).config().completed().parameters for name in SWEPT
        },
        "optimisers": {"adam": "Adam", "sgd": "stochastic gradient descent"},
        "schedules": {"cosine": "falls to a thousandth along half a cosine", "constant": "stays what it is"},
        "vae": {setting: problem2.run("vae", setting).config().parameters for setting in SETTINGS},
        "sparse": problem3.run(sigma).config().parameters,
        "unrolled": problem3.run(sigma, key="sparse_autoencoder_unrolled").config().parameters,
        "study": problem2.run("conditional_vae", "chosen").study(),
        "is_quick": assignment.is_quick,
        "classes_drawn": classes_drawn(test),
        "judge_accuracy": problem1.judge.measured()["test_accuracy"],
        "n_classes": len(judge.classes_),
        "class_entropy": math.log(len(judge.classes_)),
        "log_volume": float(np.log(chosen.scaling_.scale).sum()),
        "n_fitted": min(N_FITTED, len(train.X) // 2),
        "n_mapped": min(N_MAPPED, len(test.X)),
        "n_atoms": len(problem3.run(sigma).load_estimator().dictionary_),
        "left_out": {METHOD_TITLES[name]: found["left_out"] for name, found in others.items() if "left_out" in found},
        "n_importance": N_IMPORTANCE,
        "n_draws": N_DRAWS,
        "n_samples_per_class": N_SAMPLES_PER_CLASS,
        "perplexity": PERPLEXITY,
        "number": number,
        "log_likelihood": log_likelihood,
        "percent": percent,
        "rarest_class": rarest_class,
    }


def _manifest(run: RunDirectory) -> dict[str, Any]:
    found, path = run.manifest(), run.path / "manifest.json"
    check_contents(found, {"versions": dict.fromkeys(("harmonium", "torch", "numpy", "python"), str)}, path)
    check_numbers(found, path)
    return found


def _title(data: str) -> str:
    return REGISTRY[data].title if data in REGISTRY else Path(data).name
