"""``harmonium data``: which data sets there are, and fetching them."""

from __future__ import annotations

from cyclopts import App

from harmonium.cli.examples import examples_of
from harmonium.cli.printing import AsJson, print_found
from harmonium.data.registry import REGISTRY, find_spec
from harmonium.exceptions import shown

app = App(name="data", help="List or fetch the named data sets.", help_epilogue=examples_of("data"))


@app.command(name="list")
def list_data(*, json: AsJson = False) -> None:
    """Say of each named data set whether it is on this machine, and where."""
    from harmonium.data.sources import find_file  # it imports pooch

    sets, lines = [], []
    for spec in REGISTRY.values():
        found = [find_file(spec, name) for name in spec.sha256]
        folders = sorted({shown(file[0].parent) for file in found if file is not None})
        state = f"in {', '.join(folders)}" if all(found) else "not on this machine; fetched when first used"
        sets.append({"name": spec.name, "is_here": all(found), "folders": folders})
        lines.append(f"{spec.name:15s} {state}")
    print_found({"data": sets}, lines, as_json=json)


@app.command
def fetch(*names: str, json: AsJson = False) -> None:
    """Fetch data sets that are not on this machine.

    Parameters
    ----------
    names
        Data sets; all where none is named.
    """
    from harmonium.data.sources import obtain_files

    specs = [find_spec(name) for name in names] or list(REGISTRY.values())
    for spec in specs:
        obtain_files(spec, list(spec.sha256))
    lines = [f"{spec.name} is on this machine, whole" for spec in specs]
    print_found({"fetched": [spec.name for spec in specs]}, lines, as_json=json)
