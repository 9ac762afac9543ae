"""``harmonium train``: one command a model, each made of its estimator's parameters when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from harmonium.cli.config_file import read_config_file
from harmonium.cli.estimator_options import read_summary
from harmonium.cli.examples import examples_of
from harmonium.cli.family_command import make_command
from harmonium.cli.printing import AsJson
from harmonium.cli.train_family import configuration_of, train_family
from harmonium.exceptions import InvalidInputError
from harmonium.families.registry import family_names, find_family, is_own

app = App(
    name="train",
    help="Train a model into a run directory; a second call goes on or does nothing.",
    help_epilogue=examples_of("train"),
    usage="Usage: harmonium train MODEL --data DATA [OPTIONS]\n       harmonium train --config FILE [--run-dir DIR]\n"
    "       harmonium train RUN --continue --n-epochs N",
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
    continue_: Annotated[bool, Parameter(name="--continue", negative=())] = False,
    n_epochs: int | None = None,
    verbose: bool = True,
    json: AsJson = False,
) -> None:
    """Train what a configuration file says, or go on with a run.

    Parameters
    ----------
    words
        What is none of the models' names: a run to go on with.
    config
        The config.toml of another run, or a file like it.
    run_dir
        Where the run is written; by default a folder in runs/, named after the model, the data and the seed.
    continue_
        Go on with RUN to more epochs.
    n_epochs
        Passes over the data in all.
    verbose
        Show progress.
    """
    if continue_ and run_dir is None and len(words) == 1 and not words[0].startswith("-"):
        run_dir, words = Path(words[0]), ()
    if continue_ and config is None:
        if run_dir is None:
            raise InvalidInputError("a run to continue is missing, as in harmonium train RUN --continue --n-epochs 50")
        config = configuration_of(run_dir)
    if words and not words[0].startswith("-"):
        find_family(words[0])  # says which there are
    if words:
        raise InvalidInputError(f"options follow the model's name, as in harmonium train MODEL {words[0]}")
    file = None if config is None else read_config_file(config)
    if file is None or file.model is None:
        place = "" if config is None else f" in {config}"
        raise InvalidInputError(f"no model is named{place}; it must be one of {', '.join(family_names())}")
    given: dict[str, Any] = {} if n_epochs is None else {"n_epochs": n_epochs}
    train_family(
        find_family(file.model),
        config=config,
        run_dir=run_dir,
        continue_=continue_,
        verbose=verbose,
        json=json,
        **given,
    )
