"""The executed notebook as one page that opens from a disk and asks for nothing."""

from __future__ import annotations

import re
from html import escape, unescape
from importlib.resources import files
from typing import Any

from jinja2 import pass_context
from nbconvert.exporters.html import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter
from traitlets.config import Config

from harmonium.report.arrangement import arrange, printed
from harmonium.report.katex import render, stylesheet

# as in the PDF: of an output that comes in several forms, the first of these
_FORMS = ["image/svg+xml", "text/markdown", "text/plain"]


def to_html(notebook: NotebookNode) -> str:
    """Return an executed notebook as a page, formulas rendered, figures and fonts inside.

    Raises
    ------
    FormulaError
        If a formula cannot be rendered.
    NotebookError
        If a caption follows no figure or table.
    """
    exporter = _Exporter(  # type: ignore[no-untyped-call]  # untyped in nbconvert
        template_name="page",
        extra_template_basedirs=[str(files("harmonium.report") / "assets")],
        mathjax_url="",
        require_js_url="",
        mermaid_js_url="",
        config=Config({"NbConvertBase": {"display_data_priority": _FORMS}}),
    )
    # a value that is no page already becomes text: what makes HTML says so in the template
    exporter.environment.autoescape = True
    exporter.environment.filters |= {"plain": _plain, "printed": printed}
    styles = {"katex_css": stylesheet(), "code_css": HtmlFormatter(style="bw").get_style_defs(".highlight")}
    page, _ = exporter.from_notebook_node(arrange(notebook), resources=styles)
    return page + "\n"


def _plain(caption: str) -> str:
    """Return a caption without its marks, for those who hear it."""
    return unescape(re.sub(r"[*$`]", "", caption))


class _Renderer(IPythonRenderer):
    """Markdown with formulas rendered where they stand."""

    def block_math(self, body: str) -> str:
        return f'<div class="math">{render(body, display=True)}</div>'

    def inline_math(self, body: str) -> str:
        return render(body, display=False)

    def codespan(self, text: str) -> str:
        # as in the PDF, a name may be broken behind these
        broken = re.sub(r"[/_.]|::", r"\g<0><wbr>", escape(text))
        return f"<code>{broken}</code>"

    # tags are no part of the report's Markdown; mistune would escape the entities too
    def inline_html(self, html: str) -> str:
        return escape(html)

    def block_html(self, html: str) -> str:
        return f"<p>{escape(html)}</p>\n"

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")


class _Exporter(HTMLExporter):
    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        renderer = _Renderer(escape=False, allow_harmful_protocols=False, exclude_anchor_links=True)
        return str(MarkdownWithMath(renderer=renderer).render(source))
