"""Values in a notebook: in prose they are text, in code they are literals, and never markup, formulas or code."""

from __future__ import annotations

import ast
import re
from typing import Any

from jinja2 import Undefined
from markupsafe import Markup

from harmonium.exceptions import InvalidInputError
from harmonium.visible import visible

_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]\d+)?")
# what begins a formula; what has a meaning wherever it stands (an address alone is a link); what has one at the start
# of a line: of a list, a quotation, a rule, a title or a caption
_SPECIAL = re.compile(
    r"[$\\]{1,2}|[&<>\"'`*{}\[\]#|~^!@]|(?<![^\W_])_|_(?![^\W_])|:(?=/)|(?<=www)\.|^[-+=:% ]|^[(\w](?=\w*[.)](?:\s|$))",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"\w[\w .,:;/+()=-]*")


def escape_markdown(value: object) -> Markup:
    """Return a value as Markdown that shows its text: no tag, link, list, formula or line of its own comes of it.

    It reads the same in CommonMark, in pandoc's Markdown and in Jupyter. It must not stand inside a formula, between
    backticks or in an address. `Markup` is Markdown already and stays as it is.
    """
    if isinstance(value, Markup):
        return value
    text = visible(str(value))
    return Markup(text if _NUMBER.fullmatch(text) else _SPECIAL.sub(_as_text, text))


def code_span(value: object) -> Markup:
    """Return a value as Markdown's code in a line where it is a plain name, and else as `escape_markdown` does."""
    text = str(value)
    return Markup(f"`{text}`") if _PLAIN.fullmatch(text) else escape_markdown(text)


def _as_text(match: re.Match[str]) -> str:
    found = match[0]
    if found[0] not in "$\\":
        return f"&#{ord(found)};"
    # Jupyter looks for formulas in what the Markdown became, but not in code; two codes must not touch
    return f"`{found[0]}`" + "".join(f"&#{ord(letter)};" for letter in found[1:])


def python_literal(value: Any) -> Markup:
    """Return a value as a literal of Python; `Markup` is code already and stays as it is.

    Raises
    ------
    InvalidInputError
        If no literal has this value.
    """
    if isinstance(value, Markup):
        return value
    if isinstance(value, Undefined):
        str(value)  # says what is missing
    text = repr(value)
    if isinstance(value, str) and text == f"'{value}'" and '"' not in value:
        text = f'"{value}"'  # as formatters write it
    try:
        is_literal = ast.literal_eval(text) == value
    except (ValueError, SyntaxError):
        is_literal = False
    if not is_literal:
        raise InvalidInputError(f"{text:.60} is no number, text, list, tuple or dictionary of such")
    return Markup(text)
