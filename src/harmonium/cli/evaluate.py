"""``harmonium evaluate``: measure a trained run."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harmonium.cli.checks import check_data
from harmonium.cli.printing import AsJson, print_found, print_remark
from harmonium.exceptions import HarmoniumError
from harmonium.families.registry import find_family

if TYPE_CHECKING:
    from harmonium.experiments.run_directory import RunDirectory


def evaluate_run(run: Path, *, data: str | None = None, json: AsJson = False) -> None:
    """Measure a trained run on its data's test split and write its metrics.json.

    Parameters
    ----------
    run
        The run directory.
    data
        Measure on this data set or file in place of the run's own test split; nothing is written.
    """
    from harmonium.experiments.run_directory import RunDirectory

    directory = RunDirectory(run)
    config = directory.config()
    if data is not None:
        check_data(data)

    # these take seconds to import, and what can be found wrong at once has been found
    from harmonium.experiments.evaluate import measure
    from harmonium.experiments.one_writer import one_writer

    with one_writer(run) if data is None else nullcontext():
        found = measure(directory, data)
        lines = [f"{key:32s} {'exact' if value is None else format(value, '.6g')}" for key, value in found.items()]
        print_found(found, lines, as_json=json)
        print_remark(find_family(config.model).remark(config.parameters), as_json=json)
        if data is None:
            _write(directory, found)


def _write(directory: RunDirectory, metrics: dict[str, Any]) -> None:
    try:
        directory.write_metrics(metrics)
    except OSError as error:
        raise HarmoniumError(
            f"these figures could not be written into {directory.path}: {error.strerror or error}"
        ) from error
