"""The notebook: percent-format sources put together, their prose filled in, executed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from jinja2 import Environment, StrictUndefined
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from traitlets.config import Config

import harmonium.exceptions
from harmonium.exceptions import HarmoniumError
from harmonium.report.escaping import code_span, escape_markdown, python_literal
from harmonium.visible import visible

_KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


class NotebookError(HarmoniumError):
    """A cell of the notebook cannot be filled in, run or typeset."""


def make_notebook(
    sources: Iterable[str | Path | Traversable], variables: Mapping[str, Any], title: str
) -> NotebookNode:
    """Return the sources as one notebook, filled in and not yet executed.

    Parameters
    ----------
    sources : iterable of str, Path or Traversable
        In percent format. Markdown cells, and code cells with the tag ``parameters``, are Jinja templates.
    variables : mapping of str to object
        What the templates are filled in with; a name that is missing is an error. A value becomes text in Markdown
        and a literal in code, unless the template says ``| safe``; ``| code`` shows a name in Markdown as code.
    title : str

    Raises
    ------
    NotebookError
        If a template cannot be filled in.
    """
    environments = {
        kind: Environment(
            undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=True, finalize=escape
        )
        for kind, escape in (("markdown", escape_markdown), ("code", python_literal))
    }
    environments["markdown"].filters["code"] = code_span
    cells: list[NotebookNode] = []
    for source in sources:
        file = Path(source) if isinstance(source, str) else source
        for cell in jupytext.reads(file.read_text(encoding="utf-8"), fmt="py:percent").cells:
            if cell.cell_type == "markdown" or "parameters" in cell.metadata.get("tags", []):
                try:
                    cell.source = environments[cell.cell_type].from_string(cell.source).render(variables).strip()
                except Exception as error:  # whatever an expression of the template raises
                    start, reason = cell.source.partition("\n")[0], " ".join(str(error).split())
                    raise NotebookError(f"the cell {start!r} of {file.name} cannot be filled in: {reason}") from error
            if cell.source and cell.cell_type != "raw":  # a file's header
                cell.id = f"cell-{len(cells) + 1:03}"
                cells.append(cell)
    notebook: NotebookNode = nbformat.from_dict(  # type: ignore[no-untyped-call]  # untyped in nbformat
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": _KERNEL, "title": visible(title)},
            "cells": cells,
        }
    )
    return notebook


def execute(notebook: NotebookNode, folder: Path, report_progress: Callable[[int], None]) -> NotebookNode:
    """Run every cell, with a folder as the working directory, and return the notebook with its outputs.

    Parameters
    ----------
    notebook : NotebookNode
    folder : Path
    report_progress : callable
        Told the number of each cell that has run.

    Raises
    ------
    HarmoniumError
        What a cell raised, in the same sentence.
    """
    # a figure is shown by `show` alone, and not as a PNG too at the end of its cell
    environment = os.environ | {"MPLBACKEND": "agg"}
    with tempfile.TemporaryDirectory() as sockets:
        client = NotebookClient(
            notebook,
            timeout=None,
            kernel_name=_KERNEL["name"],
            record_timing=False,
            coalesce_streams=True,  # in how many pieces a text arrives is chance, and the same runs give the same bytes
            resources={"metadata": {"path": str(folder)}},
            on_cell_executed=lambda cell, cell_index, execute_reply: report_progress(cell_index + 1),
            extra_arguments=["--IPKernelApp.extensions=harmonium.report.kernel"],
            # by files, so that no port is opened
            config=Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}}),
        )
        client.log.setLevel("CRITICAL")  # what goes wrong is raised, and said there
        try:
            return _run(client, environment)
        except CellExecutionError as error:
            known = getattr(harmonium.exceptions, error.ename, None)
            if isinstance(known, type) and issubclass(known, HarmoniumError):
                raise known(error.evalue) from error
            reason = " ".join(error.evalue.split())
            raise NotebookError(f"a cell of the notebook failed with {error.ename}: {reason}") from error
        except DeadKernelError as error:
            raise NotebookError("the process that runs the notebook was killed, perhaps for want of memory") from error


def _run(client: NotebookClient, environment: Mapping[str, str]) -> NotebookNode:
    reader, writer = os.pipe()  # this process alone holds its end for writing
    execution = client.async_execute(stdin=reader, stderr=subprocess.DEVNULL, env=dict(environment))
    try:
        # in a thread of its own: in this one nbclient would answer Ctrl-C, with tracebacks
        with ThreadPoolExecutor(1) as pool:
            try:
                return pool.submit(asyncio.run, execution).result()
            finally:
                os.close(writer)  # and with it ends the kernel, as `harmonium.report.kernel` says
    finally:
        os.close(reader)
