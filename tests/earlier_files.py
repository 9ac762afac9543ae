"""Files as earlier versions wrote them: without checksums."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import load_file, save_file


def as_of_version_1(folder: Path, **changes: Any) -> None:
    """Make a saved model one of format 1, with other values in its description; None takes an entry out."""
    description = json.loads((folder / "model.json").read_text()) | {"format": 1, "weights": None, "checksum": None}
    kept = {key: value for key, value in (description | changes).items() if value is not None}
    (folder / "model.json").write_text(json.dumps(kept))
    save_file(load_file(folder / "model.safetensors"), folder / "model.safetensors")


def unseal_run(folder: Path) -> None:
    """Make a run's configuration, manifest, history and checkpoints those of a version without checksums."""
    config = (folder / "config.toml").read_text()
    (folder / "config.toml").write_text(config.partition("\n")[2])
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({k: v for k, v in manifest.items() if k != "checksum"}))
    rows = [line.rpartition(",")[0] for line in (folder / "history.csv").read_text().splitlines()]
    (folder / "history.csv").write_text("\n".join(rows) + "\n")
    for path in (folder / "checkpoints").iterdir():
        with safe_open(path, framework="pt") as file:
            record = json.loads(file.metadata()["harmonium"])
        metadata = {key: json.dumps(record[key]) for key in ("epoch", "history", "has_ended")}
        save_file(load_file(path), path, metadata)
