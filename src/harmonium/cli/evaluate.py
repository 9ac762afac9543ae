"""``harmonium evaluate``: measure a trained run."""

from __future__ import annotations

from pathlib import Path

from harmonium.cli.checks import check_data
from harmonium.cli.terminal import say
from harmonium.families.registry import find_family


def evaluate_run(run: Path, *, data: str | None = None) -> None:
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

    # this takes seconds to import, and what can be found wrong at once has been found
    from harmonium.experiments.evaluate import evaluate

    for key, value in evaluate(directory, data).items():
        say(f"{key:32s} {'exact' if value is None else format(value, '.6g')}")
    if remark := find_family(config.model).remark(config.parameters):
        say(remark)
