"""The report as one self-contained page."""

from __future__ import annotations

import base64
import io
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from harmonium.data.registry import REGISTRY
from harmonium.experiments.reproduce import Metrics, Problem1
from harmonium.figures.style import style
from harmonium.files import write_atomically
from harmonium.report.problem1 import N_SWEEPS, draw_problem1


def write_report(problem: Problem1, metrics: Metrics, path: Path) -> None:
    """Write the report of what `reproduce` collected; every number in it is one of `metrics`.

    Parameters
    ----------
    problem : Problem1
    metrics : dict
        What `harmonium.experiments.reproduce.reproduce` returned.
    path : Path
        The HTML file; it holds its figures and asks for nothing. They are also written beside it, into ``figures``.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((files("harmonium.report") / "assets" / "report.html.j2").read_text("utf-8"))
    run = problem.run("generative", problem.n_hidden[0], 0)
    folder = path.parent / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    page = template.render(
        problem=problem,
        data_title=REGISTRY[problem.data].title if problem.data in REGISTRY else Path(problem.data).name,
        metrics=metrics["problem1"],
        manifest=run.manifest(),
        n_sweeps=N_SWEEPS,
        n_gibbs_steps=run.config().parameters["n_gibbs_steps"],
        pictures={name: _embed(name, figure, folder) for name, figure in draw_problem1(problem, metrics).items()},
        number=_number,
        uncertain=_uncertain,
    )
    write_atomically(path, page)


def _embed(name: str, figure: Figure, folder: Path) -> Markup:
    """Write a picture into a folder, lines as SVG and images as PNG, and return it as markup."""
    buffer = io.BytesIO()
    kind = "svg" if "_by_" in name else "png"
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
