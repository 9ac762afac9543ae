"""The command that trains a model of one family: its options are the run's and the estimator's parameters."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, Literal

import cyclopts

from harmonium.cli.estimator_options import read_options, read_summary
from harmonium.cli.printing import AsJson
from harmonium.cli.train_family import train_family
from harmonium.families.family import Family

TEST_FRACTION = (
    "Share of the rows of an own file without a test split that are held back for harmonium evaluate: in the classes' "
    "proportions, drawn by the seed, and written into config.toml."
)
CONTINUE = "Go on with a run to more epochs, --n-epochs in all: what it did is not done again."
_NOT_OPTIONS = {"random_state", "verbose"}  # the run's own --seed and --verbose stand for them


def make_command(family: Family) -> Callable[..., None]:
    """Return a function whose keywords are the command's options; it is called with those alone that were given."""

    def command(**given: Any) -> None:
        train_family(family, **given)

    of_the_estimator = [
        _keyword(option.name, option.type, option.default, option.help)
        for option in read_options(family.estimator)
        if option.name not in _NOT_OPTIONS
    ]
    signature = Signature([*_of_the_run(family), *of_the_estimator])
    command.__signature__ = signature  # type: ignore[attr-defined]  # inspect reads it, a function's type has it not
    command.__doc__ = read_summary(family.estimator)
    return command


def _of_the_run(family: Family) -> list[Parameter]:
    parts = [family.name, "DATA", *["RECIPE"] * bool(family.recipes), *map(str.upper, family.named_by), "seedSEED"]
    where = (
        f"Where the run is written; by default runs/{'-'.join(parts)}, with the other settings that are given before "
        "the seed, and a number behind it where that folder holds another run."
    )
    options = [
        _keyword("data", str | None, None, "A data set's name, or the path of a .npy, .npz or IDX file."),
        _keyword("run_dir", Path | None, None, where),
        _keyword("test_fraction", float, 0.0, TEST_FRACTION),
        _keyword("continue_", bool, False, CONTINUE, "--continue"),
        _keyword("config", Path | None, None, "A config.toml; its values are taken where no option is given."),
        _keyword("seed", int, 0, "The same seed gives the same bits.", "--seed", "--random-state"),
        _keyword("verbose", bool, True, "Show progress."),
        Parameter("json", Parameter.KEYWORD_ONLY, default=False, annotation=AsJson),
    ]
    if family.recipes:
        names = tuple(family.recipes)
        text = "Settings that go together and take the place of the defaults below; an option that is given overrides."
        options += [_keyword("recipe", Literal[names], names[0], text)]
    return options


def _keyword(name: str, kind: Any, default: Any, text: str, *spellings: str) -> Parameter:
    # hidden sizes are written as --hidden-sizes 512 256; there is no option for none at all
    parsed = cyclopts.Parameter(name=spellings or None, help=text, consume_multiple=True, negative_iterable=())
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, parsed])
