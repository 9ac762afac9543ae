"""The resumable state of a training run, in one safetensors file without pickle."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from harmonium.exceptions import DamagedFileError
from harmonium.files import write_atomically
from harmonium.training.trainer import Trainer

_KEPT = 2


def save_checkpoint(trainer: Trainer, path: Path) -> None:
    """Write weights, the best ones too, optimiser, generators and history, so that training goes on bit for bit."""
    tensors = {f"objective.{key}": value for key, value in trainer.objective.state_dict().items()}
    for index, state in trainer.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": torch.as_tensor(value) for key, value in state.items()}
    for name, generator in trainer.generators().items():
        tensors[f"generator.{name}"] = generator.get_state()
    tensors |= {f"best.{key}": value for key, value in (trainer.best_state or {}).items()}
    metadata = {
        "epoch": str(trainer.epoch),
        "history": json.dumps(trainer.history),
        "has_ended": json.dumps(trainer.has_ended),
    }
    write_atomically(path, save({key: value.contiguous() for key, value in tensors.items()}, metadata))


def load_checkpoint(trainer: Trainer, path: Path) -> None:
    """Put a trainer of the same configuration into the state that `save_checkpoint` wrote.

    Raises
    ------
    DamagedFileError
        If the file is cut short, or belongs to another configuration.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # not a mapping
        groups: dict[str, dict[str, torch.Tensor]] = {"objective": {}, "optimizer": {}, "generator": {}, "best": {}}
        for key, value in tensors.items():
            group, _, rest = key.partition(".")
            groups[group][rest] = value
        optimizer_state: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in groups["optimizer"].items():
            index, _, name = key.partition(".")
            optimizer_state.setdefault(int(index), {})[name] = value
        trainer.objective.load_state_dict(groups["objective"])
        trainer.optimizer.load_state_dict(
            {"state": optimizer_state, "param_groups": trainer.optimizer.state_dict()["param_groups"]}
        )
        for name, generator in trainer.generators().items():
            generator.set_state(groups["generator"][name])
        trainer.epoch = int(metadata["epoch"])
        trainer.history = json.loads(metadata["history"])
        trainer.has_ended = json.loads(metadata["has_ended"])
        trainer.best_state = groups["best"] or None
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DamagedFileError(f"{path} is not a checkpoint of this model: {error}") from error


def checkpoint_paths(folder: Path) -> list[Path]:
    """Return a folder's checkpoints, newest first."""
    return sorted(folder.glob("epoch-*.safetensors"), reverse=True)


def epoch_of(path: Path) -> int:
    """Return the number of epochs that were done when a checkpoint was written, from its name."""
    return int(path.stem.removeprefix("epoch-"))


class Checkpoints:
    """A trainer's callback that writes a checkpoint after every epoch and keeps the newest two.

    Parameters
    ----------
    folder : Path
        Must exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, trainer: Trainer) -> None:
        """Write this epoch's checkpoint, then delete those too old."""
        save_checkpoint(trainer, self.folder / f"epoch-{trainer.epoch:06d}.safetensors")
        for path in checkpoint_paths(self.folder)[_KEPT:]:
            path.unlink(missing_ok=True)
