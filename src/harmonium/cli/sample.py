"""``harmonium sample``: new rows from a trained run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harmonium.cli.printing import AsJson, print_found
from harmonium.estimators.parameters import check_positive_integer


def sample_run(
    run: Path,
    *,
    out: Path,
    n_samples: Annotated[int, Parameter(name=("-n", "--n-samples"))] = 10,
    class_: Annotated[tuple[str, ...], Parameter(name="--class", negative=(), consume_multiple=True)] = (),
    seed: int = 0,
    noise: bool | None = None,
    json: AsJson = False,
) -> None:
    """Draw new rows from a trained run, in the units of its data.

    Parameters
    ----------
    run
        The run directory, or a folder that a model's save wrote.
    out
        The file to write: .npy, .csv or .parquet for rows, .png for a grid of images.
    n_samples
        Rows to draw, of each class where several are named.
    class_
        The class to draw, by its name, for a conditional model; several are drawn one after another.
    seed
        The same seed gives the same rows.
    noise
        Draw the noise of x too, or give its mean; by default as the model's sample does in Python, and in a picture the
        mean.
    """
    check_positive_integer("n_samples", n_samples)
    from harmonium.experiments.output_files import PICTURES, TABLES, check_output

    check_output(out, (*TABLES, *PICTURES))

    # this takes seconds to import, and what can be found wrong at once has been found
    from harmonium.experiments.run_directory import RunDirectory
    from harmonium.experiments.sample import sample

    found = sample(RunDirectory(run), out, n_samples, class_, seed, noise)
    of = f" of {', '.join(class_)}" if class_ else ""
    print_found(found, [f"written: {out}, {found['shape'][0]} draws{of}"], as_json=json)
