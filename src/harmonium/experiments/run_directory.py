"""The one contract on disk: a run's folder and what lies in it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tokenize import TokenError
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from harmonium.exceptions import DamagedFileError, InvalidInputError
from harmonium.experiments import manifest
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.contents import check_contents
from harmonium.families.family import NUMBER
from harmonium.families.registry import find_family
from harmonium.files import write_atomically
from harmonium.seals import BLANK, from_json, is_sealed, seal, to_json

if TYPE_CHECKING:
    from harmonium.training.trainer import HistoryRow

# what NumPy makes of a damaged header
_UNREADABLE = (ArithmeticError, EOFError, LookupError, MemoryError, SyntaxError, TokenError, TypeError, ValueError)


class RunDirectory:
    """A run's folder.

    ``config.toml`` (as resolved), ``manifest.json`` (how it was made), ``model.safetensors`` and ``model.json`` (the
    fitted estimator), ``checkpoints/``, ``history.csv`` (a row an epoch), ``metrics.json`` (what was measured). Where
    the parameters were searched for, also ``study.log`` (the search's journal), ``study.json`` and ``figures/``.

    Every file of these that is read back, but the journal, carries its own SHA-256, and one that is not what was
    written is refused. Files without, of earlier versions, are read as they are.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def is_trained(self) -> bool:
        """Whether training has come to its end."""
        from harmonium.estimators.persistence import is_saved

        return is_saved(self.path)

    def check(self, config: TrainConfig, *, any_epochs: bool = False) -> None:
        """Find that the folder is new, or belongs to a configuration.

        Parameters
        ----------
        config : TrainConfig
        any_epochs : bool
            Whether it may belong to the same of another number of epochs.

        Raises
        ------
        InvalidInputError
            If the folder belongs to another configuration.
        """
        if not (self.path / "config.toml").exists():
            return
        try:
            found = self.config().completed()
        except InvalidInputError as error:
            raise InvalidInputError(
                f"{self.path / 'config.toml'} is not a configuration for this version: {error}"
            ) from error
        old, new = found.settings(), config.settings()
        for name in {**new, **old}:
            if old.get(name) != new.get(name) and not (any_epochs and name == "n_epochs"):
                raise InvalidInputError(
                    f"{self.path} holds a run with {name} = {old.get(name)!r}, not {new.get(name)!r}; "
                    f"choose another run directory{', or --continue this run' if name == 'n_epochs' else ''}"
                )

    def start(self, config: TrainConfig, data_sha256: str) -> None:
        """Make the folder for a configuration and its data, or find that it already belongs to them.

        Raises
        ------
        InvalidInputError
            If the folder belongs to another configuration, or was begun on other data.
        """
        self.check(config)
        if (self.path / "manifest.json").exists():
            found = self.manifest()
            check_contents(found, {"data_sha256": str}, self.path / "manifest.json")
            if found["data_sha256"] != data_sha256:
                raise InvalidInputError(
                    f"{self.path} was begun on other data: {config.data} has changed since; "
                    "choose another run directory"
                )
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self.write_config(config)
        self.write_json("manifest.json", manifest.make_manifest(data_sha256))

    def write_config(self, config: TrainConfig) -> None:
        """Write the configuration, whatever was there."""
        write_atomically(self.path / "config.toml", seal(config.to_toml()))

    def config(self) -> TrainConfig:
        """Read the configuration."""
        text = self._read_text("config.toml")
        try:
            return TrainConfig.from_toml(text)
        except (ValueError, TypeError, RecursionError) as error:
            raise DamagedFileError(f"{self.path / 'config.toml'} is damaged: {error}") from error

    def manifest(self) -> dict[str, Any]:
        """Read how the run was made."""
        return self.read_json("manifest.json")

    def write_history(self, history: list[HistoryRow]) -> None:
        """Write a row an epoch; the name of the last column, which is empty, is the seal."""
        text = io.StringIO()
        names = list(dict.fromkeys(name for row in history for name in row))  # not every epoch records the same
        writer = csv.DictWriter(text, fieldnames=[*names, BLANK], lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
        write_atomically(self.path / "history.csv", seal(text.getvalue()))

    def history(self) -> list[HistoryRow]:
        """Read the rows written so far; none before the first epoch."""
        if not (self.path / "history.csv").exists():
            return []
        text = self._read_text("history.csv")
        try:
            table = csv.DictReader(text.splitlines())
            rows = [{key: float(value) for key, value in row.items() if value != ""} for row in table]
        except (TypeError, ValueError, csv.Error) as error:
            raise DamagedFileError(f"{self.path / 'history.csv'} is damaged: {error}") from error
        if not rows:
            raise DamagedFileError(f"{self.path / 'history.csv'} is damaged: it holds no row")
        return rows

    def write_metrics(self, metrics: dict[str, Any]) -> None:
        """Write what was measured."""
        self.write_json("metrics.json", metrics)

    def metrics(self) -> dict[str, Any] | None:
        """Read what was measured, or None before `write_metrics`."""
        return self.read_json("metrics.json") if (self.path / "metrics.json").exists() else None

    def measured(self) -> dict[str, Any]:
        """Read what was measured of a finished run; InvalidInputError before `write_metrics`."""
        return self.read_json("metrics.json")

    def check_whole(self) -> None:
        """Find that the run is trained and measured and that each of its files can be read.

        Raises
        ------
        InvalidInputError
            If a file is missing.
        DamagedFileError
            If a file cannot be read.
        """
        family = find_family(self.config().model)
        check_contents(self.manifest(), manifest.CONTENTS, self.path / "manifest.json")
        check_contents(self.measured(), {**family.measures, "seconds_per_epoch": NUMBER}, self.path / "metrics.json")
        self.load_estimator()
        if not (self.path / "history.csv").exists():
            raise self._missing("history.csv")
        history = self.history()
        for name in ("epoch", *family.recorded):
            if not history or name not in history[0]:
                raise DamagedFileError(f"{self.path / 'history.csv'} is damaged: it holds no {name}")

    @property
    def has_study(self) -> bool:
        """Whether a search for the run's parameters was written."""
        return (self.path / "study.json").is_file()

    def write_study(self, study: dict[str, Any]) -> None:
        """Write what the search for this run's parameters did."""
        self.write_json("study.json", study)

    def study(self) -> dict[str, Any]:
        """Read what `write_study` wrote."""
        return self.read_json("study.json")

    def load_estimator(self) -> Any:
        """Return the fitted estimator."""
        from harmonium.experiments.loading import load

        return load(self.path)

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON object of the folder."""
        return from_json(self._read(name), self.path / name)

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON object into the folder."""
        write_atomically(self.path / name, seal(to_json(content, name)))

    def read_array(self, name: str) -> npt.NDArray[np.float64]:
        """Read an array of the folder."""
        content, path = self._read(name), self.path / name
        has_seal, stream = is_sealed(content, path), io.BytesIO(content)
        try:
            array: npt.NDArray[np.float64] = np.load(stream, allow_pickle=False)
        except _UNREADABLE as error:
            raise DamagedFileError(f"{path} is damaged: {error}") from error
        if not has_seal and stream.read():
            raise DamagedFileError(f"{path} is damaged: its checksum is missing")
        return array

    def write_array(self, name: str, array: npt.NDArray[np.float64]) -> None:
        """Write an array into the folder; its seal stands behind its end, where NumPy does not look."""
        content = io.BytesIO()
        np.save(content, array, allow_pickle=False)
        write_atomically(self.path / name, seal(content.getvalue() + BLANK.encode()))

    def _missing(self, name: str) -> InvalidInputError:
        return InvalidInputError(f"{self.path} is not a whole run directory: {name} is missing")

    def _read(self, name: str) -> bytes:
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError as error:
            raise self._missing(name) from error
        except IsADirectoryError as error:
            raise DamagedFileError(f"{self.path / name} is damaged: it is a folder") from error

    def _read_text(self, name: str) -> str:
        content, path = self._read(name), self.path / name
        is_sealed(content, path)
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise DamagedFileError(f"{path} is damaged: {error}") from error
