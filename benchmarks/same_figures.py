"""Whether two reports have the same figures, to the last digit; seconds are not compared.

    python benchmarks/same_figures.py BEFORE/report/quick/metrics.json report/quick/metrics.json

For a change that must not move a bit: `make reproduce PROFILE=quick` in a clone of the revision before it and in one of
the revision after it, on the same machine, then this. It ends with exit code 1 at a difference.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path


def figures(table: dict, path: str = "") -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from figures(value, f"{path}{key}.")
        elif "seconds" not in key:
            yield f"{path}{key}", value


def main() -> int:
    before, after = (dict(figures(json.loads(Path(name).read_text()))) for name in sys.argv[1:3])
    names = sorted({*before, *after})
    differing = [name for name in names if name not in before or before[name] != after.get(name)]
    for name in differing:
        print(f"{name}: {before.get(name)} before, {after.get(name)} after")
    print(f"{len(names)} figures compared, {len(differing)} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
