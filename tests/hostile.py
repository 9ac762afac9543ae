"""Names that somebody else may have given to a file, a folder, a class or a setting, and a report full of them."""

from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from harmonium.figures.style import style
from harmonium.report.display import Table, to_svg
from harmonium.report.escaping import escape_markdown
from harmonium.visible import visible

NAMES = [
    'it\'s a "name"',
    '"; import os; os.abort() #',
    "</script><img src=x onerror=alert(1)>",
    "<script>alert(1)</script><!-- ",
    "' onmouseover='alert(1)",
    "$\\input{/etc/passwd}$",
    "$$x$$ or $$y$$",
    "\\(x\\) \\[y\\] \\\\(z\\\\) \\begin{align}x\\end{align}",
    "{{ 7*7 }}{% raw %}",
    '#read("/etc/passwd")',
    "```{=typst}\n#panic()\n```",
    "[link](javascript:alert(1)) ![](x) [^1] ^[note] @cite",
    "http://example.org www.example.org a@example.org",
    "`a` ``b``",
    "one\n\n# two\r\nthree",
    "\x1b[31mred\x1b[0m\x07\x08",
    "[bold]b[/bold] [/] :smile:",
    "\u202egpj.exe\u2028\u200b",
    "not UTF-8: \udcff",
    "| a | b |",
    "&lt;b&gt; &#60;",
    "*a* _b_ ~~c~~ ^d^ ~e~",
    "    indented",
    "- a",
    "1. a",
    "(1) a",
    "a) b",
    "=====",
    "---",
    ": a",
    "> a",
    "% a",
    "~~~",
    "x\\",
    "$",
    "",
]


def a_report():
    """A notebook with every name in its title, a table, a caption, what is printed and what is returned."""
    table = Table([NAMES[2], NAMES[5]], {name: [name, NAMES[9]] for name in NAMES}).to_markdown()
    with style():
        figure = Figure(figsize=(2, 2))
        figure.subplots().set_title(NAMES[5])
    cells = [new_markdown_cell("# A report")]
    cells += [
        new_code_cell("print(names)", outputs=[new_output("stream", name="stdout", text="\n".join(NAMES))]),
        new_code_cell(
            "names",
            outputs=[new_output("execute_result", data={"text/plain": "\n".join(NAMES), "text/html": NAMES[2]})],
        ),
        new_code_cell(
            "'''\n```\n'''\nshow(figure)", outputs=[new_output("display_data", data={"image/svg+xml": to_svg(figure)})]
        ),
        new_markdown_cell(f"Figure: {' '.join(map(escape_markdown, NAMES))}"),
        new_code_cell("show(table)", outputs=[new_output("display_data", data={"text/markdown": table})]),
        new_markdown_cell(f"Table: {' '.join(map(escape_markdown, NAMES))}"),
    ]
    notebook = new_notebook(cells=cells)
    notebook.metadata["title"] = visible(" ".join(NAMES))
    return notebook
