"""``harmonium report``: the notebook, the page and the PDF of runs that are there."""

from __future__ import annotations

from pathlib import Path

from harmonium.assignment.report import write_report
from harmonium.cli.terminal import Terminal
from harmonium.report.build import FORMATS


def report_runs(*, run_dir: Path = Path("runs"), report: Path = Path("report"), to: str = ",".join(FORMATS)) -> None:
    """Write the report of the assignment's runs; nothing is trained.

    Parameters
    ----------
    run_dir
        The folder of the runs that ``harmonium reproduce`` made.
    report
        Where the report and metrics.json are written.
    to
        The formats, with commas between: ipynb, html, pdf.
    """
    write_report(run_dir, report, to.split(","), Terminal())
