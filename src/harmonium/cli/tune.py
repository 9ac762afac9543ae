"""``harmonium tune``: search for a model's parameters on a validation part of the training set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harmonium.cli.family_command import TEST_FRACTION
from harmonium.cli.next_command import evaluate_command, how_to_measure
from harmonium.cli.printing import AsJson, print_found
from harmonium.cli.run_folder import first_that_fits, run_name
from harmonium.cli.terminal import Terminal
from harmonium.exceptions import InvalidInputError
from harmonium.extras import require
from harmonium.families.registry import family_names, find_family, is_own

_TUNABLE = tuple(name for name in family_names() if is_own(name) and find_family(name).spaces)


def tune_model(
    model: Annotated[str, Parameter(help=f"One of {', '.join(_TUNABLE)}, or of another package.")],
    *,
    data: str,
    run_dir: Path | None = None,
    n_trials: int = 40,
    n_epochs: int = 3,
    n_samples: int | None = None,
    n_final_epochs: int = 20,
    workers: int | None = None,
    space: Path | None = None,
    seed: int = 0,
    test_fraction: Annotated[float, Parameter(help=TEST_FRACTION)] = 0.0,
    json: AsJson = False,
) -> None:
    """Search for the setting with the lowest validation loss, then train it; a second call goes on.

    Parameters
    ----------
    model
        One that has a search space.
    data
        A data set's name, or the path of a .npy, .npz or IDX file.
    run_dir
        Where the search and the chosen run are written; by default runs/tuned-MODEL-DATA-seedSEED, with a number behind
        it where that folder holds another search.
    n_trials
        Settings to try.
    n_epochs
        Passes over the data in a trial; trials that look poor after one are cut short.
    n_samples
        Rows that a trial trains on, drawn from the 80%; by default all of them.
    n_final_epochs
        Passes over the data for the chosen setting, on the whole training set.
    workers
        Processes, of one thread each; by default as many as there are cores.
    space
        A TOML file with tables [fixed] and [tuned.NAME]; each takes the place of what the model's own search space says
        of that parameter.
    seed
        Of the search and of the chosen run; with one worker the same seed gives the same trials.
    """
    counts = {"n_trials": n_trials, "n_epochs": n_epochs, "n_samples": n_samples, "workers": workers}
    for name, value in {**counts, "n_final_epochs": n_final_epochs}.items():
        if value is not None and value < 1:
            raise InvalidInputError(f"{name} must be a positive integer; got {value}")
    require("tune", "optuna", "matplotlib")
    from harmonium.data.datasets import load_dataset
    from harmonium.experiments.search_spaces import search_space, tunable_family

    tunable_family(model)
    bounds = search_space(model, load_dataset(data, "train"), space)

    # these take seconds to import, and what can be found wrong at once has been found
    from harmonium.experiments.run_data import data_name
    from harmonium.experiments.run_directory import RunDirectory
    from harmonium.experiments.study import check_search
    from harmonium.experiments.tune import tune
    from harmonium.experiments.tuning import Tuning
    from harmonium.training.progress import ProgressBar

    tuning = Tuning(model, data_name(data), bounds, n_epochs, n_samples, seed, test_fraction)
    if run_dir is None:
        setting, folder = tuning.setting(), Path("runs") / run_name(f"tuned-{model}", data, None, (), {}, seed)
        run_dir = first_that_fits(folder, lambda path: check_search(path, setting))
    run = RunDirectory(run_dir)
    console = Terminal(stderr=True)
    with ProgressBar(f"{model}, the chosen setting", n_final_epochs) as progress:
        chosen = tune(
            tuning,
            run,
            console,
            n_trials=n_trials,
            n_workers=workers,
            n_final_epochs=n_final_epochs,
            callbacks=[progress],
        )
    config = run.config()
    trained = f"trained into {run.path}, with its study.json and figures/; {how_to_measure(run.path, config)}"
    print_found(
        {"run": str(run.path), "chosen": chosen, "next": evaluate_command(run.path, config)},
        [*(f"{name:32s} {value}" for name, value in chosen.items()), trained],
        as_json=json,
    )
