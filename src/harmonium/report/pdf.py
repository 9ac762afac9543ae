"""The executed notebook typeset as a paper, by pandoc and typst."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import pypandoc
import typst
from nbformat import NotebookNode

from harmonium.report.arrangement import arrange, printed
from harmonium.report.figures import figure_name
from harmonium.report.katex import FormulaError

# a paragraph with a long name in it would be full of holes if it were justified
_WITH_LONG_NAME = re.compile(r"(?:^.+\n)*^.*`[^`\n]{40,}`.*(?:\n.+)*", re.MULTILINE)
_RAGGED = "::: {}\n`#set par(justify: false)`{=typst}\n\\g<0>\n:::"
# implicit_figures: an image alone in a paragraph is a figure with a caption
_READER = "markdown+pipe_tables+table_captions+tex_math_dollars+implicit_figures-smart-auto_identifiers-raw_html"
_SHORT = 12  # lines of code that stay on one page with their figure


def to_pdf(notebook: NotebookNode, figures: Mapping[str, str]) -> bytes:
    """Return an executed notebook as a PDF.

    Parameters
    ----------
    notebook : NotebookNode
    figures : mapping of str to str
        What `draw_files` returned.

    Raises
    ------
    FormulaError
        If a formula does not convert.
    NotebookError
        If a caption follows no figure or table.
    """
    template = files("harmonium.report") / "assets" / "paper.typ"
    arguments = ["--standalone", f"--template={template}", "--columns=1000", "--fail-if-warnings", "--wrap=preserve"]
    arguments += [f"--metadata=title:{notebook.metadata.title}"]
    try:
        text = pypandoc.convert_text(to_markdown(notebook), "typst", format=_READER, extra_args=arguments)
    except RuntimeError as error:
        raise FormulaError(f"pandoc could not convert the notebook: {' '.join(str(error).split())}") from error
    if "#h(-1em)" in text:
        raise FormulaError("a formula holds a negative space, which would print symbols over one another")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "paper.typ"
        source.write_text(text, encoding="utf-8")
        for name, drawing in figures.items():
            (Path(folder) / name).write_text(drawing, encoding="utf-8")
        try:
            pdf: bytes = typst.compile(str(source), root=folder, ignore_system_fonts=True)
        except RuntimeError as error:
            raise FormulaError(f"typst could not set the notebook: {' '.join(str(error).split())}") from error
    return pdf


def to_markdown(notebook: NotebookNode) -> str:
    """Return an executed notebook as pandoc's Markdown; figures are ``figure01.svg`` and so on, in their order."""
    parts, n_figures = [], 0
    for cell in arrange(notebook).cells:
        if cell.cell_type == "markdown":
            parts.append(_WITH_LONG_NAME.sub(_RAGGED, cell.source))
            continue
        shown = []
        for output in cell.outputs:
            data, caption = output.get("data", {}), output.get("metadata", {}).get("caption", "")
            if "image/svg+xml" in data:
                n_figures += 1
                shown.append(f"![{caption}]({figure_name(n_figures)})")
            elif "text/markdown" in data:
                shown.append(data["text/markdown"] + (f"\n\n: {caption}" if caption else ""))
            elif "text/plain" in data or "text" in output:
                shown.append(_fenced(printed(output).rstrip()))
        code = _fenced(cell.source, "python")
        parts += _together([code, *shown]) if _stays_whole(cell) else [code, *shown]
    return "\n\n".join(parts) + "\n"


def _stays_whole(cell: NotebookNode) -> bool:
    """Whether a cell is short and shows one figure or table, or small figures beside each other, and nothing else."""
    shows = [output for output in cell.outputs if {"image/svg+xml", "text/markdown"} & set(output.get("data", {}))]
    is_one_row = len(shows) == 1 or all(output.metadata.get("is_narrow") for output in shows)
    return bool(shows) and shows == cell.outputs and is_one_row and cell.source.count("\n") < _SHORT


def _together(parts: Sequence[str]) -> list[str]:
    """Return code and what it shows as a block that stays on one page."""
    between = [piece for part in parts for piece in (_typst("]["), part)][1:]
    return [_typst("#together["), *between, _typst("]")]


def _typst(text: str) -> str:
    return _fenced(text, "{=typst}")


def _fenced(text: str, language: str = "") -> str:
    """Return a text as a block of code, which no line of it can end."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"
