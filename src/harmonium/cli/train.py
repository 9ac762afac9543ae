"""``harmonium train``: one command a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from cyclopts import App

from harmonium.experiments.config import TrainConfig
from harmonium.experiments.recipes import RECIPES
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.train import train
from harmonium.training.progress import ProgressBar

app = App(name="train", help="Train a model into a run directory; a second call goes on or does nothing.")


@app.command(name="gaussian-bernoulli-rbm")
def gaussian_bernoulli_rbm(
    *,
    data: str,
    run_dir: Path | None = None,
    recipe: Literal["generative", "reconstruction", "block-cd", "exact-likelihood"] = "generative",
    seed: int = 0,
    n_hidden: int = 100,
    learning_rate: float = 1e-3,
    batch_size: int = 128,
    n_epochs: int = 25,
    n_gibbs_steps: int | None = None,
    objective: str | None = None,
    negative_phase: str | None = None,
    sigma: float | Literal["learned"] | None = None,
    optimizer: str = "adam",
    momentum: float = 0.9,
    scaling: str = "global",
) -> None:
    """Train a Gaussian-Bernoulli RBM.

    Parameters
    ----------
    data
        A data set's name, or the path of a .npy, .npz or IDX file.
    run_dir
        Where the run is written; by default runs/MODEL-DATA-RECIPE-N_HIDDEN-seedSEED.
    recipe
        Settings that go together; the options below override them.
    seed
        The same seed gives the same bits.
    n_hidden
        Number of hidden units.
    learning_rate
        Of weights and biases.
    batch_size
        Examples a step.
    n_epochs
        Passes over the data.
    n_gibbs_steps
        k of CD-k.
    objective
        cd, pcd or likelihood.
    negative_phase
        collapsed, sampled, mean-visible or mean-field.
    sigma
        "learned" or a number, in units of the scaled data.
    optimizer
        adam or sgd.
    momentum
        Of SGD; the first moment's decay of Adam.
    scaling
        global, feature or none.
    """
    overrides: dict[str, Any] = {
        "objective": objective,
        "n_gibbs_steps": n_gibbs_steps,
        "negative_phase": negative_phase,
        "sigma": sigma,
    }
    parameters = RECIPES[recipe] | {key: value for key, value in overrides.items() if value is not None}
    config = TrainConfig.resolve(
        "gaussian-bernoulli-rbm",
        data,
        seed,
        n_hidden=n_hidden,
        learning_rate=learning_rate,
        batch_size=batch_size,
        n_epochs=n_epochs,
        optimizer=optimizer,
        momentum=momentum,
        scaling=scaling,
        **parameters,
    )
    name = f"gaussian-bernoulli-rbm-{Path(data).stem}-{recipe}-{n_hidden}-seed{seed}"
    run = RunDirectory(run_dir or Path("runs") / name)
    if run.is_trained:
        run.start(config)
        print(f"{run.path} is trained already")
        return
    with ProgressBar(f"{n_hidden} hidden units, {recipe}", n_epochs) as progress:
        train(config, run, progress)
    print(f"trained into {run.path}; measure it with: harmonium evaluate {run.path}")
