"""``harmonium data``: which data sets there are, and fetching them."""

from __future__ import annotations

from cyclopts import App

from harmonium.cli.terminal import say
from harmonium.data.registry import REGISTRY, find_spec

app = App(name="data", help="List or fetch the named data sets.")


@app.command(name="list")
def list_data() -> None:
    """Say of each named data set whether it is on this machine, and where."""
    from harmonium.data.sources import find_file  # it imports pooch

    for spec in REGISTRY.values():
        found = [find_file(spec, name) for name in spec.sha256]
        folders = sorted({str(file[0].parent) for file in found if file is not None})
        state = f"in {', '.join(folders)}" if all(found) else "not on this machine; fetched when first used"
        say(f"{spec.name:15s} {state}")


@app.command
def fetch(*names: str) -> None:
    """Fetch data sets that are not on this machine.

    Parameters
    ----------
    names
        Data sets; all where none is named.
    """
    from harmonium.data.sources import obtain_files

    for spec in [find_spec(name) for name in names] or list(REGISTRY.values()):
        obtain_files(spec, list(spec.sha256))
        say(f"{spec.name} is on this machine, whole")
