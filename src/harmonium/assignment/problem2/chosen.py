"""What the search of problem 2 chose, read back from its file."""

from __future__ import annotations

from typing import Any

from harmonium.assignment.whole import check_numbers
from harmonium.exceptions import DamagedFileError
from harmonium.experiments.contents import check_contents
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.study import CONTENTS
from harmonium.families.family import NUMBER


def read_chosen(searched: RunDirectory) -> dict[str, Any]:
    """Return the parameters of the best trial of a search that can be drawn.

    Raises
    ------
    DamagedFileError
        If its ``study.json`` cannot be read or drawn.
    """
    study, path = searched.study(), searched.path / "study.json"
    check_contents(study, CONTENTS, path)
    check_numbers(study, path)
    check_numbers(study["importances"], path, alone=True)
    for trial in study["trials"]:
        if trial["losses_by_epoch"] or trial["state"] in ("complete", "pruned"):
            check_contents(trial, {"losses_by_epoch": [NUMBER]}, path)
        if trial["state"] == "complete":
            check_contents(trial, {"validation_loss": NUMBER}, path)
    complete = [trial for trial in study["trials"] if trial["state"] == "complete"]
    if not complete:
        raise DamagedFileError(f"{path} is damaged: it holds no complete trial")
    chosen: dict[str, Any] = min(complete, key=lambda trial: trial["validation_loss"])["parameters"]
    return chosen
