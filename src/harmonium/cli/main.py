"""The command ``harmonium``."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from harmonium import __version__
from harmonium.cli.examples import examples_of
from harmonium.cli.signals import is_stopped, stop_in_order
from harmonium.cli.terminal import Terminal, open_errors
from harmonium.exceptions import HarmoniumError

_SIGPIPE = 128 + 13
app = App(
    name="harmonium",
    help="Latent-variable models that you can trust.",
    version=__version__,
    suppress_keyboard_interrupt=False,
)
_COMMANDS = {
    "train": ("train:app", "Train a model into a run directory."),
    "tune": ("tune:tune_model", "Search for a model's parameters on a validation part of its data."),
    "evaluate": ("evaluate:evaluate_run", "Measure a trained run."),
    "sample": ("sample:sample_run", "Draw new rows from a trained run."),
    "reconstruct": ("rows_out:reconstruct_rows", "Encode rows and decode them again."),
    "denoise": ("rows_out:denoise_rows", "Remove the noise of rows."),
    "embed": ("rows_out:embed_rows", "Write the codes of rows."),
    "score": ("score:score_rows", "Say how typical each row is, and find outliers."),
    "runs": ("runs:app", "List trained runs, or compare some."),
    "data": ("data:app", "List or fetch the named data sets."),
    "reproduce": ("reproduce:reproduce_all", "Train, measure and report the assignment's problems."),
    "report": ("report:report_runs", "Write the notebook, the page and the PDF of the assignment's runs."),
}
for _name, (_place, _help) in _COMMANDS.items():
    # a group of commands shows its examples itself
    _options = {} if _place.endswith(":app") else {"help_epilogue": examples_of(_name)}
    app.command(f"harmonium.cli.{_place}", name=_name, help=_help, **_options)
app.register_install_completion_command(help="Make the shell complete commands and options at the Tab key.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line in a process that goes on; signals are answered as the command answers them.

    Returns
    -------
    int
        0 after success; 1 after an error that is said in one sentence; 2 after a mistyped command or option; 128 and
        the signal's number when stopped: 130 by the keyboard, 143 by SIGTERM; 141 where the output was not read to its
        end.
    """
    return stop_in_order(lambda: run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line where signals are answered already, and return what `main` does."""
    errors = open_errors()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: errors.print(f"warning: {' '.join(f'{message}'.split())}")
            panels = Terminal(stderr=True, soft_wrap=False)
            app(arguments, result_action="return_value", exit_on_error=False, error_console=panels)
            if sys.stdout is not None:  # as where it was closed before the command began
                sys.stdout.flush()
    except CycloptsError:  # it has been printed, with what was perhaps meant
        return 2
    except BrokenPipeError:  # who reads the output, as head does, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _SIGPIPE
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
