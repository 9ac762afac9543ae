"""The resumable state of a training run, in one safetensors file without pickle."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from harmonium.exceptions import DamagedFileError
from harmonium.files import write_atomically
from harmonium.modules.states import check_state
from harmonium.tensor_files import pack, unpack
from harmonium.training.trainer import Trainer

logger = logging.getLogger(__name__)
_KEPT = 2
_GROUPS = ("objective", "optimizer", "generator", "best")


def save_checkpoint(trainer: Trainer, path: Path) -> None:
    """Write weights, the best ones too, optimiser, generators and history, so that training goes on bit for bit."""
    tensors = {f"objective.{key}": value for key, value in trainer.objective.state_dict().items()}
    for index, state in trainer.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": torch.as_tensor(value, device="cpu") for key, value in state.items()}
    for name, generator in trainer.generators().items():
        tensors[f"generator.{name}"] = generator.get_state()
    tensors |= {f"best.{key}": value for key, value in (trainer.best_state or {}).items()}
    record = {"epoch": trainer.epoch, "history": trainer.history, "has_ended": trainer.has_ended}
    write_atomically(path, pack(tensors, record, "the training's history"))


def load_checkpoint(trainer: Trainer, path: Path) -> None:
    """Put a trainer of the same configuration into the state that `save_checkpoint` wrote.

    Everything is read and checked before anything is changed: a trainer that was refused a file is what it was before.

    Raises
    ------
    DamagedFileError
        If the file is not what was written, or belongs to another configuration.
    """
    try:
        tensors, record, is_of_now = unpack(path.read_bytes(), path)
        if not is_of_now:
            record = {key: json.loads(text) for key, text in record.items()}
        groups: dict[str, dict[str, torch.Tensor]] = {group: {} for group in _GROUPS}
        for key, value in tensors.items():
            group, _, rest = key.partition(".")
            groups[group][rest] = value
        epoch, history, has_ended = record["epoch"], record["history"], record["has_ended"]
        _check_record(epoch, history, has_ended, path)
        parameters = {name for name, _ in trainer.objective.named_parameters()}
        check_state(groups["objective"], trainer.objective.state_dict(), parameters)
        if groups["best"]:
            best_of = {name for name, _ in trainer.objective.module.named_parameters()}
            check_state(groups["best"], trainer.objective.module.state_dict(), best_of)
        optimizer = _optimizer_state(trainer.optimizer, groups["optimizer"])
        check_state(groups["generator"], {name: g.get_state() for name, g in trainer.generators().items()})
        for state in groups["generator"].values():
            torch.Generator().set_state(state)
    except (IsADirectoryError, IndexError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(f"{error}".split())
        raise DamagedFileError(f"{path} is not a checkpoint of this model: {reason}") from error
    trainer.objective.load_state_dict(groups["objective"])
    trainer.optimizer.load_state_dict({**trainer.optimizer.state_dict(), "state": optimizer})
    for name, generator in trainer.generators().items():
        generator.set_state(groups["generator"][name])
    trainer.epoch, trainer.history, trainer.has_ended = epoch, history, has_ended
    trainer.best_state = groups["best"] or None


def checkpoint_paths(folder: Path) -> list[Path]:
    """Return a folder's checkpoints, newest first."""
    return sorted(folder.glob("epoch-*.safetensors"), reverse=True)


def epoch_of(path: Path) -> int:
    """Return the number of epochs that were done when a checkpoint was written, from its name."""
    return int(path.stem.removeprefix("epoch-"))


class Checkpoints:
    """A trainer's callback that writes a checkpoint after every epoch and keeps the newest two.

    An old one goes when the new one is on the disk. A folder that has a checkpoint's name is left alone.

    Parameters
    ----------
    folder : Path
        Must exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, trainer: Trainer) -> None:
        """Write this epoch's checkpoint, then delete those too old."""
        path = self.folder / f"epoch-{trainer.epoch:06d}.safetensors"
        if path.is_dir():
            logger.warning("no checkpoint of epoch %d is written: %s is a folder", trainer.epoch, path)
            return
        save_checkpoint(trainer, path)
        for old in [path for path in checkpoint_paths(self.folder) if not path.is_dir()][_KEPT:]:
            old.unlink(missing_ok=True)


def _check_record(epoch: Any, history: Any, has_ended: Any, path: Path) -> None:
    """Raise ValueError unless the history has a row an epoch, up to that in the file's name."""
    if type(epoch) is not int or type(has_ended) is not bool or not isinstance(history, list):
        raise ValueError("its epoch, history or end is of a wrong type")
    for row in history:
        if not isinstance(row, dict) or any(type(value) not in (int, float) for value in row.values()):
            raise ValueError("a row of its history does not hold numbers alone")
    if [row.get("epoch") for row in history] != list(range(1, epoch + 1)):
        raise ValueError(f"its history does not have the epochs 1 to {epoch}")
    named = re.fullmatch(r"epoch-(\d+)\.safetensors", path.name)
    if named and int(named[1]) != epoch:
        raise ValueError(f"it holds epoch {epoch}")


def _optimizer_state(optimizer: torch.optim.Optimizer, found: Mapping[str, torch.Tensor]) -> dict[int, dict[str, Any]]:
    """Return an optimiser's state, each of whose parts must be what the optimiser keeps of a parameter."""
    parameters = [(group, parameter) for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in found.items():
        index, _, name = key.partition(".")
        state.setdefault(range(len(parameters))[int(index)], {})[name] = value
    for k, parts in state.items():
        group, parameter = parameters[k]
        check_state(parts, _state_after_a_step(type(optimizer), group, parameter))
    return state


def _state_after_a_step(kind: type[Any], group: dict[str, Any], parameter: torch.Tensor) -> dict[str, torch.Tensor]:
    trial = torch.zeros_like(parameter)
    trial.grad = torch.zeros_like(parameter)
    optimizer = kind([{**group, "params": [trial]}])
    optimizer.step()
    return {key: torch.as_tensor(value, device="cpu") for key, value in optimizer.state[trial].items()}
