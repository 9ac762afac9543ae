"""How fast harmonium is: beside the matrix products alone and beside every peer, in one run and one report.

    python benchmarks/speed/bench.py [--quick] [--only SECTION]

`make bench` makes the peers' environment first. A whole run writes benchmarks/results/speed.md, speed.png and
speed_growth.png; a quick run or a part writes speed_partial instead.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import machine
from images import write_images
from sections import growth, imports, maps, memory, out_of_core, sweep, training
from setting import REPOSITORY, Setting, progress

SECTIONS = {
    "training": training,
    "maps": maps,
    "sweep": sweep,
    "import": imports,
    "memory": memory,
    "growth": growth,
    "out-of-core": out_of_core,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer images and one round: does it work?")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="this section alone; may be repeated")
    parser.add_argument("--out-of-core-gigabytes", type=float, default=20.0, help="size of the synthetic file")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "benchmarks" / "results")
    arguments = parser.parse_args()
    chosen = arguments.only or list(SECTIONS)
    arguments.output.mkdir(parents=True, exist_ok=True)
    is_whole = not arguments.quick and not arguments.only
    figures = arguments.output / ("speed" if is_whole else "speed_partial")
    scratch = Path(tempfile.mkdtemp(prefix=".speed-", dir=arguments.output))  # on a disk: /tmp may be memory
    setting = Setting(arguments.quick, scratch, figures, arguments.out_of_core_gigabytes)
    begin = time.perf_counter()
    parts = ["# Speed", machine.describe()]
    if arguments.quick:
        parts.append("A quick run, to see that it works: its figures mean nothing.")
    try:
        write_images(scratch, quick=arguments.quick)
        for name in chosen:
            progress(f"{SECTIONS[name].TITLE} ({time.perf_counter() - begin:.0f} s)")
            parts.append(f"## {SECTIONS[name].TITLE}\n\n{SECTIONS[name].measure(setting)}")
    finally:
        shutil.rmtree(scratch)
    report = "\n\n".join(parts) + "\n"
    figures.with_suffix(".md").write_text(report)
    print(report)
    progress(f"{figures}.md, after {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
