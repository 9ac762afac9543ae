"""The command ``harmonium``."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence

from cyclopts import App, CycloptsError
from rich.console import Console
from rich.logging import RichHandler

from harmonium import __version__
from harmonium.cli.signals import is_stopped, stop_in_order
from harmonium.exceptions import HarmoniumError

app = App(
    name="harmonium",
    help="Latent-variable models that you can trust.",
    version=__version__,
    suppress_keyboard_interrupt=False,
)
app.command("harmonium.cli.train:app", name="train", help="Train a model into a run directory.")
app.command(
    "harmonium.cli.tune:tune_model",
    name="tune",
    help="Search for a model's parameters on a validation part of its data.",
)
app.command("harmonium.cli.evaluate:evaluate_run", name="evaluate", help="Measure a trained run.")
app.command(
    "harmonium.cli.reproduce:reproduce_all",
    name="reproduce",
    help="Train, measure and report the assignment's problems.",
)
app.command(
    "harmonium.cli.report:report_runs",
    name="report",
    help="Write the notebook, the page and the PDF of the assignment's runs.",
)
app.command("harmonium.cli.data:app", name="data", help="List or fetch the named data sets.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line in a process that goes on; signals are answered as the command answers them.

    Returns
    -------
    int
        0 after success; 1 after an error that is said in one sentence; 2 after a mistyped command or option; 128 and
        the signal's number when stopped: 130 by the keyboard, 143 by SIGTERM.
    """
    return stop_in_order(lambda: run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line where signals are answered already, and return what `main` does."""
    errors = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)
    handler = RichHandler(console=errors, show_time=False, show_path=False, markup=False)
    logging.basicConfig(level="INFO", format="%(message)s", handlers=[handler])
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: errors.print(f"warning: {message}")
            app(arguments, result_action="return_value", exit_on_error=False)
    except CycloptsError:  # it has been printed, with what was perhaps meant
        return 2
    except (HarmoniumError, OSError) as error:
        if not is_stopped():
            errors.print(f"error: {_sentence(error)}")
        return 1
    return 0


def _sentence(error: HarmoniumError | OSError) -> str:
    if isinstance(error, HarmoniumError):
        return f"{error}"
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}"
