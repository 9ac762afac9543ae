"""What an estimator's parameters are called, default to and mean: read from its source, which is not imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from docstring_parser import DocstringStyle, parse

from harmonium.cli.annotations import type_of
from harmonium.cli.source_code import class_and_bases, find
from harmonium.exceptions import InvalidInputError

_AS_IN = re.compile(r"As in `(\w+)`\.")


@dataclass(frozen=True)
class Option:
    """A parameter of an estimator, as an option of the command line.

    Attributes
    ----------
    name : str
    type : object
        What the words of the command line are turned into.
    default : object
    help : str
        What the numpydoc docstring says of it, perhaps nothing.
    """

    name: str
    type: Any
    default: Any
    help: str


@cache
def read_options(estimator: str) -> tuple[Option, ...]:
    """Return the options of an estimator, ``"module:Class"``: the parameters of its ``__init__``.

    Raises
    ------
    InvalidInputError
        If there is no source that could be read.
    """
    module, _, name = estimator.partition(":")
    for home, node in class_and_bases(module, name):
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
                return tuple(_option(estimator, home, *parameter) for parameter in _parameters(statement.args))
    raise InvalidInputError(f"the parameters of {estimator} cannot be read: no source of its __init__ is found")


@cache
def read_summary(estimator: str) -> str:
    """Return the first line of an estimator's docstring; nothing where it cannot be read."""
    for _, node in class_and_bases(*estimator.split(":")):
        return parse(ast.get_docstring(node) or "", DocstringStyle.NUMPYDOC).short_description or ""
    return ""


def _parameters(arguments: ast.arguments) -> list[tuple[ast.arg, ast.expr | None]]:
    positional = [*arguments.posonlyargs, *arguments.args][1:]  # without self
    missing: Sequence[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    return [
        *zip(positional, [*missing, *arguments.defaults], strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]


def _option(estimator: str, module: str, argument: ast.arg, default: ast.expr | None) -> Option:
    value = None if default is None else _evaluate(default, module)
    own_module, _, name = estimator.partition(":")
    kind, text = type_of(argument.annotation, module, value), _text(own_module, name, argument.arg)
    return Option(argument.arg, kind, value, text)


def _evaluate(node: ast.expr, module: str) -> Any:
    """Return the value of a literal, or of a name that stands for one."""
    constant = find(module, node.id) if isinstance(node, ast.Name) else None
    if constant is not None and constant.value is not None:
        return _evaluate(constant.value, constant.module)
    try:
        return ast.literal_eval(node)
    except ValueError:  # it is computed: the help text cannot show it, the estimator has it all the same
        return None


def _text(module: str, name: str, parameter: str) -> str:
    """Return what the docstring of a class, or else that of a base, says of a parameter."""
    for _, node in class_and_bases(module, name):
        text = _documented(ast.get_docstring(node) or "").get(parameter, "")
        other = _AS_IN.fullmatch(text)
        if other is not None:  # every public estimator can be found in the package's stub
            return _text("harmonium", other[1], parameter) or text
        if text:
            return text
    return ""


@cache
def _documented(docstring: str) -> dict[str, str]:
    """Return what a numpydoc docstring says of each parameter."""
    entries = [entry for entry in parse(docstring, DocstringStyle.NUMPYDOC).params if entry.args[0] == "param"]
    return {
        name: " ".join((entry.description or "").split())
        for entry in entries
        for name in re.split(r",\s*", entry.arg_name)
    }
