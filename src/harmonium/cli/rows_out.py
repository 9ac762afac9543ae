"""``harmonium reconstruct``, ``denoise`` and ``embed``: rows in, what a trained run makes of them out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harmonium.cli.checks import check_data
from harmonium.cli.printing import AsJson, print_found

DATA = (
    "A data set's name, or the path of an own file: its test split, or all of it; by default the run's own test rows."
)
Run = Annotated[Path, Parameter(help="The run directory, or a folder that a model's save wrote.")]
Data = Annotated[str | None, Parameter(help=DATA)]
Rows = Annotated[
    Path,
    Parameter(
        help="The file to write: .npy, .csv or .parquet for all rows; .png for images: ten rows above what comes out."
    ),
]
Codes = Annotated[Path, Parameter(help="The file to write: .npy, .csv or .parquet.")]


def reconstruct_rows(run: Run, *, out: Rows, data: Data = None, json: AsJson = False) -> None:
    """Encode rows and decode them again: what the model keeps of them, in the units of its data."""
    _write("reconstruct", run, data, out, json, with_pictures=True)


def denoise_rows(run: Run, *, out: Rows, data: Data = None, json: AsJson = False) -> None:
    """Remove the noise of rows as far as the model can; a sparse autoencoder is trained for this."""
    _write("denoise", run, data, out, json, with_pictures=True)


def embed_rows(run: Run, *, out: Codes, data: Data = None, json: AsJson = False) -> None:
    """Write the codes of rows: hidden probabilities, posterior means or sparse codes, as transform gives them."""
    _write("embed", run, data, out, json, with_pictures=False)


def _write(verb: str, run: Path, data: str | None, out: Path, json: bool, *, with_pictures: bool) -> None:
    from harmonium.experiments.output_files import PICTURES, TABLES, check_output

    check_output(out, (*TABLES, *PICTURES) if with_pictures else TABLES)
    if data is not None:
        check_data(data)

    # this takes seconds to import, and what can be found wrong at once has been found
    from harmonium.experiments.rows_out import N_DRAWN, write_made
    from harmonium.experiments.run_directory import RunDirectory

    found = write_made(RunDirectory(run), verb, data, out)
    n_rows, n_columns = found["shape"]
    what = f"the first {min(N_DRAWN, n_rows)} of {n_rows} rows" if out.suffix.lower() in PICTURES else f"{n_rows} rows"
    print_found(found, [f"written: {out}, {what} of {n_columns} values"], as_json=json)
