"""What to type next, after training: a command that works as it is printed."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harmonium.experiments.config import TrainConfig


def how_to_measure(run: Path, config: TrainConfig) -> str:
    """Return the sentence that ends with the command that measures a run, which `evaluate_command` gives alone."""
    if _has_test_rows(config):
        return f"measure it with: {evaluate_command(run, config)}"
    return (
        "its data have no test split, and --test-fraction 0.2 would hold rows back; measure it on the rows that it was "
        f"trained on with: {evaluate_command(run, config)}"
    )


def evaluate_command(run: Path, config: TrainConfig) -> str:
    """Return the command that measures a run: on its test rows, where it has any, else on its data as a whole."""
    command = f"harmonium evaluate {shlex.quote(str(run))}"
    return command if _has_test_rows(config) else f"{command} --data {shlex.quote(config.data)}"


def _has_test_rows(config: TrainConfig) -> bool:
    from harmonium.experiments.run_data import has_test_split

    return config.test_fraction > 0 or has_test_split(config.data)
