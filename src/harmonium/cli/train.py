"""``harmonium train``: one command a model, each made of its estimator's parameters when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from harmonium.cli.config_file import read_config_file
from harmonium.cli.estimator_options import read_summary
from harmonium.cli.family_command import make_command
from harmonium.cli.train_family import train_family
from harmonium.exceptions import InvalidInputError
from harmonium.families.registry import family_names, find_family, is_own

app = App(
    name="train",
    help="Train a model into a run directory; a second call goes on or does nothing.",
    usage="Usage: harmonium train MODEL --data DATA [OPTIONS]\n       harmonium train --config FILE [--run-dir DIR]",
)
for _name in family_names():
    _help = read_summary(find_family(_name).estimator) if is_own(_name) else "A model of another package."
    app.command(f"{__name__}:{_name}", name=_name, help=_help)


def __getattr__(name: str) -> Any:
    # the command of one model only is made: cyclopts asks this module for it by the model's name
    if name in family_names():
        return make_command(find_family(name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@app.default
def train_as_configured(
    *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    config: Path | None = None,
    run_dir: Path | None = None,
    verbose: bool = True,
) -> None:
    """Train what a configuration file says.

    Parameters
    ----------
    words
        What is none of the models' names.
    config
        The config.toml of another run, or a file like it.
    run_dir
        Where the run is written; by default a folder in runs/, named after the model, the data and the seed.
    verbose
        Show progress.
    """
    if words and not words[0].startswith("-"):
        find_family(words[0])  # says which there are
    if words:
        raise InvalidInputError(f"options follow the model's name, as in harmonium train MODEL {words[0]}")
    file = None if config is None else read_config_file(config)
    if file is None or file.model is None:
        place = "" if config is None else f" in {config}"
        raise InvalidInputError(f"no model is named{place}; it must be one of {', '.join(family_names())}")
    train_family(find_family(file.model), config=config, run_dir=run_dir, verbose=verbose)
