"""Annotations, as they are written in a source file, as types that a word on a command line can be turned into."""

from __future__ import annotations

import ast
from functools import reduce
from types import GenericAlias, NoneType
from typing import Any, Literal, Union, get_origin

from harmonium.cli.source_code import find

_PLAIN: dict[str, Any] = {"int": int, "float": float, "str": str, "bool": bool}
_SEQUENCES = {"Sequence", "list", "List", "tuple", "Tuple", "Iterable", "Collection"}


def type_of(node: ast.expr | None, module: str, default: Any) -> Any:
    """Return the type of a parameter; where its annotation has none that can be typed, that of its default, or str.

    Parameters
    ----------
    node : ast.expr or None
        The annotation.
    module : str
        Where it is written: aliases are looked up there.
    default : object
    """
    members = [] if node is None else _members(node, module)
    if not set(members) - {NoneType}:
        members += [type(default) if type(default) in _PLAIN.values() else _sequence_of(default)]
    if any(get_origin(member) is not tuple and member is not NoneType for member in members):
        # one option cannot be one word or many: a list goes into a configuration file
        members = [member for member in members if get_origin(member) is not tuple]
    return Union[tuple(members)]  # noqa: UP007  # their number is not known


def _members(node: ast.expr, module: str) -> list[Any]:
    """Return the types of a union that can be typed; one type is a union of one."""
    match node:
        case ast.Constant(value=None):
            return [NoneType]
        case ast.Constant(value=str() as text):
            return _members(ast.parse(text, mode="eval").body, module)
        case ast.Name(id=name) if name in _PLAIN:
            return [_PLAIN[name]]
        case ast.Name(id=name):
            alias = find(module, name)
            return [] if alias is None or alias.value is None else _members(alias.value, alias.module)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _members(left, module) + _members(right, module)
        case ast.Subscript(value=kind, slice=inside):
            arguments = inside.elts if isinstance(inside, ast.Tuple) else [inside]
            name = kind.attr if isinstance(kind, ast.Attribute) else getattr(kind, "id", "")
            return _of_kind(name, arguments, module)
    return []


def _of_kind(kind: str, arguments: list[ast.expr], module: str) -> list[Any]:
    if kind == "Literal":
        return [Literal[tuple(ast.literal_eval(argument) for argument in arguments)]]
    if kind == "Annotated":
        return _members(arguments[0], module)
    if kind in ("Optional", "Union"):
        members: list[Any] = reduce(list.__add__, (_members(argument, module) for argument in arguments), [])
        return members + [NoneType] * (kind == "Optional")
    if kind in _SEQUENCES:
        elements: list[Any] = [
            Union[tuple(_members(argument, module) or [str])]  # noqa: UP007  # their number is not known
            for argument in arguments[:2]
        ]
        is_pair = kind in ("tuple", "Tuple") and not isinstance(arguments[-1], ast.Constant)
        return [_tuple_of(*elements) if is_pair else _tuple_of(elements[0], ...)]
    return []


def _sequence_of(default: Any) -> Any:
    if isinstance(default, tuple | list) and default:
        return _tuple_of(type(default[0]), ...)
    return str


def _tuple_of(*elements: Any) -> Any:
    return GenericAlias(tuple, elements)
