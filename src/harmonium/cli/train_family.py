"""From the options of a command to a trained run directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harmonium.cli.checks import check_data
from harmonium.cli.config_file import ConfigFile, read_config_file
from harmonium.cli.estimator_options import read_options
from harmonium.cli.terminal import say
from harmonium.exceptions import InvalidInputError
from harmonium.families.family import Family


def train_family(
    family: Family,
    *,
    data: str | None = None,
    run_dir: Path | None = None,
    config: Path | None = None,
    recipe: str | None = None,
    seed: int | None = None,
    verbose: bool = True,
    **given: Any,
) -> None:
    """Train a model of a family into its run directory.

    Parameters
    ----------
    family : Family
    data, run_dir, config, recipe, seed, verbose
        The command's own options. A recipe overrides a configuration file, which takes the place of the default
        recipe.
    **given
        The estimator's parameters that were given; they override both.

    Raises
    ------
    InvalidInputError
        If the file configures another model, or no data are named; before PyTorch is imported, as for data that are
        missing.
    """
    file = ConfigFile() if config is None else read_config_file(config)
    if file.model not in (None, family.name):
        raise InvalidInputError(f"{config} configures the model {file.model}, not {family.name}")
    allowed = [option.name for option in read_options(family.estimator)]
    for name in file.parameters.keys() - set(allowed):
        raise InvalidInputError(f"{config}: {family.name} has no parameter {name!r}; it has {', '.join(allowed)}")
    data = data or file.data
    if data is None:
        raise InvalidInputError("--data is missing; it must be the name of a data set or the path of a file")
    check_data(data)
    if recipe is None and config is None:
        recipe = next(iter(family.recipes), None)
    parameters = file.parameters | dict(family.recipes[recipe] if recipe else {}) | given
    found = parameters.pop("random_state", 0)
    parameters = _following(family, parameters, data) | parameters
    _train(family, data, found if seed is None else seed, parameters, recipe, run_dir, verbose)


def _following(family: Family, parameters: dict[str, Any], data: str) -> dict[str, Any]:
    """Return the parameters that follow from the others and the data; these are read for families alone that ask."""
    if family.complete is Family.complete:
        return {}
    from harmonium.data.datasets import load_dataset

    found = family.complete(parameters, load_dataset(data, "train"))
    return {name: value for name, value in found.items() if value is not None}


def _train(
    family: Family,
    data: str,
    seed: int,
    parameters: dict[str, Any],
    recipe: str | None,
    run_dir: Path | None,
    verbose: bool,
) -> None:
    # these take seconds to import, and what can be found wrong at once has been found
    from harmonium.experiments.config import TrainConfig
    from harmonium.experiments.run_directory import RunDirectory
    from harmonium.experiments.train import train
    from harmonium.training.progress import ProgressBar

    config = TrainConfig.resolve(family.name, data, seed, **parameters)
    run = RunDirectory(run_dir or Path("runs") / _run_name(family, config.parameters, data, recipe, seed))
    if verbose:
        with ProgressBar(family.name, config.parameters["n_epochs"]) as progress:
            is_new = train(config, run, progress)
    else:
        is_new = train(config, run)
    state = "trained into {0}" if is_new else "{0} is trained already"
    say(f"{state.format(run.path)}; measure it with: harmonium evaluate {run.path}")


def _run_name(family: Family, parameters: dict[str, Any], data: str, recipe: str | None, seed: int) -> str:
    values = [parameters[name] for name in family.named_by if name in parameters]
    written = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    return "-".join([family.name, Path(data).stem, *([recipe] if recipe else []), *written, f"seed{seed}"])
