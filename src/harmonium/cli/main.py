"""The command ``harmonium``."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from harmonium import __version__
from harmonium.cli.terminal import Terminal, open_errors
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
    """Run the command line.

    Returns
    -------
    int
        0 after success; 1 after an error that is said in one sentence; 2 after a mistyped command or option; 130 when
        stopped by the keyboard.
    """
    errors = open_errors()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: errors.print(f"warning: {' '.join(f'{message}'.split())}")
            panels = Terminal(stderr=True, soft_wrap=False)
            app(arguments, result_action="return_value", exit_on_error=False, error_console=panels)
    except CycloptsError:  # it has been printed, with what was perhaps meant
        return 2
    except HarmoniumError as error:
        errors.print(f"error: {error}")
        return 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        errors.print(f"error: {place}{error.strerror or error}")
        return 1
    except KeyboardInterrupt:
        errors.print("stopped; what was done is kept, and the same command goes on")
        return 130
    return 0
