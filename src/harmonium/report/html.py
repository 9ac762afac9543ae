"""The report as one self-contained page."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from harmonium.data.datasets import load_dataset
from harmonium.data.registry import REGISTRY
from harmonium.experiments.denoisers import METHODS
from harmonium.experiments.evaluate import N_IMPORTANCE
from harmonium.experiments.generation import N_SAMPLES_PER_CLASS
from harmonium.experiments.over_seeds import Metrics
from harmonium.experiments.problem1 import Problem1
from harmonium.experiments.problem2 import N_MAPPED, SETTINGS, Problem2
from harmonium.experiments.problem3 import Problem3
from harmonium.figures.style import style
from harmonium.files import write_atomically
from harmonium.report.problem1 import N_SWEEPS, draw_problem1
from harmonium.report.problem2 import classes_drawn, draw_problem2
from harmonium.report.problem3 import draw_problem3


def write_report(problem1: Problem1, problem2: Problem2, problem3: Problem3, metrics: Metrics, path: Path) -> None:
    """Write the report of what `reproduce` collected; every number in it is one of `metrics`.

    Parameters
    ----------
    problem1 : Problem1
    problem2 : Problem2
    problem3 : Problem3
    metrics : dict
        What `harmonium.experiments.reproduce.reproduce` returned.
    path : Path
        The HTML file; it holds its figures and asks for nothing. They are also written beside it, into ``figures``.
    """
    environment = Environment(
        loader=PackageLoader("harmonium.report", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    run = problem1.run("generative", problem1.n_hidden[0], 0)
    folder = path.parent / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    pictures = draw_problem1(problem1, metrics) | draw_problem2(problem2) | draw_problem3(problem3, metrics)
    page = environment.get_template("report.html.j2").render(
        problem=problem1,
        problem2=problem2,
        problem3=problem3,
        data_title=_title(problem1.data),
        data2_title=_title(problem2.data),
        data3_title=_title(problem3.data),
        metrics=metrics["problem1"],
        metrics2=metrics["problem2"],
        metrics3=metrics["problem3"],
        manifest=run.manifest(),
        manifest2=problem2.run("vae", "chosen").manifest(),
        n_sweeps=N_SWEEPS,
        n_gibbs_steps=run.config().parameters["n_gibbs_steps"],
        n_importance=N_IMPORTANCE,
        n_samples_per_class=N_SAMPLES_PER_CLASS,
        n_mapped=N_MAPPED,
        parameters={setting: problem2.run("vae", setting).config().parameters for setting in SETTINGS},
        sparse=problem3.run(problem3.sigmas[0]).config().parameters,
        left_out={name: problem3.other_method(name, problem3.sigmas[0]).get("left_out") for name in METHODS},
        n_atoms=len(problem3.run(problem3.sigmas[0]).load_estimator().dictionary_),
        study=problem2.run("conditional_vae", "chosen").study(),
        classes_drawn=classes_drawn(load_dataset(problem2.data, "test")),
        pictures={name: _embed(name, figure, folder) for name, figure in pictures.items()},
        number=_number,
        uncertain=_uncertain,
    )
    write_atomically(path, page)


def _title(data: str) -> str:
    return REGISTRY[data].title if data in REGISTRY else Path(data).name


def _embed(name: str, figure: Figure, folder: Path) -> Markup:
    """Write a picture into a folder, lines as SVG and images as PNG, and return it as markup."""
    buffer = io.BytesIO()
    kind = "svg" if "_by_" in name or name.startswith("tuning_") else "png"
    with style():
        figure.savefig(
            buffer,
            format=kind,
            bbox_inches="tight",
            metadata={"Date": None, "Creator": None} if kind == "svg" else None,
        )
    write_atomically(folder / f"{name}.{kind}", buffer.getvalue())
    if kind == "png":
        data = base64.b64encode(buffer.getvalue()).decode()
        return Markup('<img alt="{}" src="data:image/png;base64,{}">').format(name.replace("_", " "), data)
    svg = buffer.getvalue().decode()
    # the page holds several drawings: their ids must not meet
    for attribute in ('id="', 'href="#', "url(#"):
        svg = svg.replace(attribute, f"{attribute}{name}-")
    return Markup(svg[svg.index("<svg") :])


def _number(cell: Metrics, key: str, digits: int) -> str:
    """Write a figure, with its standard deviation over the seeds where there are several."""
    value: Any = cell[key]
    if value is None:
        return "–"
    spread = cell.get(f"{key}_sd")
    text = f"{value:.{digits}f}".replace("-", "−")
    return text if spread is None else f"{text} ± {spread:.{digits}f}"


def _uncertain(cell: Metrics) -> str:
    """Write a log-likelihood with what is known of its log Z."""
    value = _number(cell, "test_log_likelihood", 1)
    error = cell["log_likelihood_standard_error"]
    return f"{value} (exact)" if cell["effective_sample_size"] is None else f"{value} (AIS ± {error:.2f})"
