"""From the options of a command to a trained run directory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harmonium.cli.checks import check_data
from harmonium.cli.config_file import ConfigFile, read_config_file
from harmonium.cli.estimator_options import read_options
from harmonium.cli.next_command import evaluate_command, how_to_measure
from harmonium.cli.printing import print_found
from harmonium.cli.run_folder import first_that_fits, run_name
from harmonium.exceptions import InvalidInputError, shown
from harmonium.families.family import Family

if TYPE_CHECKING:
    from harmonium.experiments.config import TrainConfig
    from harmonium.experiments.run_directory import RunDirectory


def train_family(
    family: Family,
    *,
    data: str | None = None,
    run_dir: Path | None = None,
    config: Path | None = None,
    recipe: str | None = None,
    seed: int | None = None,
    test_fraction: float | None = None,
    continue_: bool = False,
    verbose: bool = True,
    json: bool = False,
    **given: Any,
) -> None:
    """Train a model of a family into its run directory.

    Parameters
    ----------
    family : Family
    data, run_dir, config, recipe, seed, test_fraction, continue_, verbose, json
        The command's own options. A recipe overrides a configuration file, which takes the place of the default
        recipe. Where a named run is continued, its own configuration is the file.
    **given
        The estimator's parameters that were given; they override both.

    Raises
    ------
    InvalidInputError
        If the file configures another model, or no data are named; before PyTorch is imported, as for data that are
        missing.
    """
    if continue_ and run_dir is not None and config is None:
        config = configuration_of(run_dir)
    file = ConfigFile() if config is None else read_config_file(config)
    if file.model not in (None, family.name):
        raise InvalidInputError(f"{shown(config)} configures the model {shown(file.model):.40}, not {family.name}")
    allowed = [option.name for option in read_options(family.estimator)]
    for name in file.parameters.keys() - set(allowed):
        raise InvalidInputError(
            f"{shown(config)}: {family.name} has no parameter {name!r:.40}; it has {', '.join(allowed)}"
        )
    data = data or file.data
    if data is None:
        raise InvalidInputError("--data is missing; it must be the name of a data set or the path of a file")
    check_data(data)
    if recipe is None and config is None:
        recipe = next(iter(family.recipes), None)
    parameters = file.parameters | dict(family.recipes[recipe] if recipe else {}) | given
    found = parameters.pop("random_state", 0)
    seed = found if seed is None else seed
    parameters = _following(family, parameters, data) | parameters
    if test_fraction is None:
        test_fraction = file.test_fraction or 0.0

    # these take seconds to import, and what can be found wrong at once has been found
    from harmonium.experiments.config import TrainConfig
    from harmonium.experiments.run_directory import RunDirectory

    try:
        resolved = TrainConfig.resolve(family.name, data, seed, test_fraction=test_fraction, **parameters)
    except InvalidInputError as error:
        raise error if config is None else InvalidInputError(f"with {shown(config)}: {error}") from error
    if run_dir is None:
        folder = _default_folder(family, resolved, recipe, given)
        run_dir = first_that_fits(folder, lambda path: RunDirectory(path).check(resolved, any_epochs=continue_))
        if continue_ and not (run_dir / "config.toml").exists():
            raise InvalidInputError(f"there is no run of these settings to continue in {shown(folder)}")
    run = RunDirectory(run_dir)
    is_new = _train(resolved, run, continue_, verbose)
    state = f"trained into {run.path}" if is_new else f"{run.path} is trained already"
    print_found(
        {"run": str(run.path), "is_new": is_new, "next": evaluate_command(run.path, resolved)},
        [f"{state}; {how_to_measure(run.path, resolved)}"],
        as_json=json,
    )


def configuration_of(run_dir: Path) -> Path:
    """Return the configuration file of a run that is to be continued; InvalidInputError where there is no such run."""
    config = run_dir / "config.toml"
    if not config.is_file():
        raise InvalidInputError(f"{shown(run_dir)} holds no run to continue: config.toml is missing")
    return config


def _following(family: Family, parameters: dict[str, Any], data: str) -> dict[str, Any]:
    """Return the parameters that follow from the others and the data; these are read for families alone that ask."""
    if family.complete is Family.complete:
        return {}
    from harmonium.data.datasets import load_dataset

    found = family.complete(parameters, load_dataset(data, "train"))
    return {name: value for name, value in found.items() if value is not None}


def _default_folder(family: Family, config: TrainConfig, recipe: str | None, given: Mapping[str, Any]) -> Path:
    named = [config.parameters[name] for name in family.named_by if name in config.parameters]
    others = {name: value for name, value in given.items() if name not in (*family.named_by, "n_epochs")}
    if config.test_fraction:
        others["test_fraction"] = config.test_fraction
    return Path("runs") / run_name(
        family.name, config.data, recipe, named, others, seed=config.parameters["random_state"]
    )


def _train(config: TrainConfig, run: RunDirectory, continue_: bool, verbose: bool) -> bool:
    from harmonium.training.progress import ProgressBar

    if continue_:
        from harmonium.experiments.go_further import go_further as fit
    else:
        from harmonium.experiments.train import train as fit
    if not verbose:
        return fit(config, run)
    with ProgressBar(config.model, config.parameters["n_epochs"]) as progress:
        return fit(config, run, progress)
