"""The executed notebook typeset as a paper, by pandoc and typst."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import pypandoc
import typst
from nbformat import NotebookNode

from harmonium.report.captions import with_captions
from harmonium.report.figures import figure_name
from harmonium.report.katex import FormulaError

# a paragraph that names tests: their names are too long to be justified
_TESTS = re.compile(r"^\*Checked by\*.*\n?(?:.+\n?)*", re.MULTILINE)
_RAGGED = "::: {}\n`#set par(justify: false); #set text(size: 0.88em);`{=typst}\\g<0>\n:::\n"
# implicit_figures: an image alone in a paragraph is a figure with a caption
_READER = "markdown+pipe_tables+table_captions+tex_math_dollars+implicit_figures-smart-auto_identifiers"


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
    for cell in with_captions(notebook).cells:
        if cell.cell_type == "markdown":
            parts.append(_TESTS.sub(_RAGGED, cell.source))
            continue
        parts.append(f"```python\n{cell.source}\n```")
        for output in cell.outputs:
            data, caption = output.get("data", {}), output.get("metadata", {}).get("caption", "")
            if "image/svg+xml" in data:
                n_figures += 1
                parts.append(f"![{caption}]({figure_name(n_figures)})")
            elif "text/markdown" in data:
                parts.append(data["text/markdown"] + (f"\n\n: {caption}" if caption else ""))
            elif "text/plain" in data or "text" in output:
                parts.append(f"```\n{(output.get('text') or data['text/plain']).rstrip()}\n```")
    return "\n\n".join(parts) + "\n"
