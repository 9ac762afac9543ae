"""``harmonium train``: one command a model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from harmonium.data.datasets import load_dataset
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.train import train
from harmonium.families.gaussian_bernoulli_rbm import RECIPES
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
    _train(config, run_dir or Path("runs") / name, f"{n_hidden} hidden units, {recipe}")


@dataclass(kw_only=True)
class VAEOptions:
    """The options of both variational autoencoders.

    Parameters
    ----------
    data
        A data set's name, or the path of a .npy, .npz or IDX file.
    run_dir
        Where the run is written; by default runs/MODEL-DATA-ARCHITECTURE-LIKELIHOOD-N_LATENT-seedSEED.
    seed
        The same seed gives the same bits.
    n_latent
        Latent dimensions.
    architecture
        mlp or convolutional.
    hidden_sizes
        Widths of the layers, or channels and then a width; the decoder mirrors them. By default 512 256, or 16 32 256.
    likelihood
        bernoulli, continuous-bernoulli, gaussian or calibrated-gaussian.
    beta
        Weight of the KL divergence.
    n_warmup_epochs
        Beta rises from 0 over so many epochs.
    learning_rate
        Of Adam or SGD.
    learning_rate_schedule
        constant or cosine.
    batch_size
        Examples a step.
    n_epochs
        Passes over the data.
    validation_fraction
        Of the training set, held back; the weights that are best there are kept.
    patience
        Stop after so many epochs that bring nothing there.
    optimizer
        adam or sgd.
    momentum
        Of SGD; the first moment's decay of Adam.
    scaling
        none, global or feature; the Bernoulli likelihoods need none.
    """

    data: str
    run_dir: Path | None = None
    seed: int = 0
    n_latent: int = 16
    architecture: str = "mlp"
    hidden_sizes: Annotated[tuple[int, ...] | None, Parameter(consume_multiple=True)] = None
    likelihood: str = "bernoulli"
    beta: float = 1.0
    n_warmup_epochs: int = 0
    learning_rate: float = 1e-3
    learning_rate_schedule: str = "constant"
    batch_size: int = 128
    n_epochs: int = 20
    validation_fraction: float = 0.0
    patience: int | None = None
    optimizer: str = "adam"
    momentum: float = 0.9
    scaling: str = "none"


@app.command
def vae(options: Annotated[VAEOptions, Parameter(name="*")]) -> None:
    """Train a variational autoencoder."""
    _train_vae("vae", options)


@app.command(name="conditional-vae")
def conditional_vae(options: Annotated[VAEOptions, Parameter(name="*")]) -> None:
    """Train a variational autoencoder that is conditioned on the class; the data must have labels."""
    _train_vae("conditional-vae", options)


@app.command(name="sparse-autoencoder")
def sparse_autoencoder(
    *,
    data: str,
    run_dir: Path | None = None,
    seed: int = 0,
    overcompleteness: float = 1.5,
    l1: float = 0.5,
    noise: float = 0.5,
    n_active: int | None = None,
    n_warmup_epochs: int = 0,
    learning_rate: float = 2.5e-3,
    learning_rate_schedule: str = "cosine",
    batch_size: int = 256,
    n_epochs: int = 20,
    optimizer: str = "adam",
    momentum: float = 0.9,
    scaling: str = "global",
) -> None:
    """Train a sparse over-complete denoising autoencoder.

    Parameters
    ----------
    data
        A data set's name, or the path of a .npy, .npz or IDX file.
    run_dir
        Where the run is written; by default runs/sparse-autoencoder-DATA-NOISE-seedSEED.
    seed
        The same seed gives the same bits.
    overcompleteness
        Atoms a feature.
    l1
        Weight of the L1 norm of the codes.
    noise
        Standard deviation of the noise, in the data's units.
    n_active
        Keep only so many of an example's largest activations.
    n_warmup_epochs
        The weight of the L1 norm rises from 0 over so many epochs.
    learning_rate
        Of Adam or SGD.
    learning_rate_schedule
        constant or cosine.
    batch_size
        Examples a step.
    n_epochs
        Passes over the data.
    optimizer
        adam or sgd.
    momentum
        Of SGD; the first moment's decay of Adam.
    scaling
        global, feature or none.
    """
    parameters = dict(locals())
    for name in ("data", "run_dir", "seed"):
        parameters.pop(name)
    config = TrainConfig.resolve("sparse-autoencoder", data, seed, **parameters)
    name = f"sparse-autoencoder-{Path(data).stem}-{noise:g}-seed{seed}"
    _train(config, run_dir or Path("runs") / name, f"sparse autoencoder, noise {noise:g}")


def _train_vae(model: str, options: VAEOptions) -> None:
    parameters = asdict(options)
    data, run_dir, seed = (parameters.pop(key) for key in ("data", "run_dir", "seed"))
    convolutional = options.architecture == "convolutional"
    if options.hidden_sizes is None:
        parameters["hidden_sizes"] = (16, 32, 256) if convolutional else (512, 256)
    if convolutional:
        parameters["image_shape"] = load_dataset(data, "train").image_shape
    config = TrainConfig.resolve(model, data, seed, **parameters)
    name = "-".join([model, Path(data).stem, options.architecture, options.likelihood, str(options.n_latent)])
    _train(config, run_dir or Path("runs") / f"{name}-seed{seed}", f"{model}, {options.n_latent} latent dimensions")


def _train(config: TrainConfig, path: Path, label: str) -> None:
    with ProgressBar(label, config.parameters["n_epochs"]) as progress:
        is_new = train(config, RunDirectory(path), progress)
    state = "trained into {0}" if is_new else "{0} is trained already"
    print(f"{state.format(path)}; measure it with: harmonium evaluate {path}")
