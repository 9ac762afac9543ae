"""Finding what a name stands for by reading source files: nothing is imported."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, resolve_name
from pathlib import Path

# what these define is no option of an estimator, and reading them would take longer than all the rest
_OPAQUE = {"numpy", "sklearn", "torch", *sys.stdlib_module_names}


@dataclass(frozen=True)
class Definition:
    """Where something is defined.

    Attributes
    ----------
    module : str
    node : ast.stmt
        A class, or the assignment of a value.
    """

    module: str
    node: ast.stmt

    @property
    def value(self) -> ast.expr | None:
        """The expression that is assigned, where it is an assignment."""
        return getattr(self.node, "value", None)


def find(module: str, name: str) -> Definition | None:
    """Return where a name that a module can use at its top is defined, imports followed; None where it is not found."""
    source = _read(module)
    if source is None:
        return None
    for node in _statements(source.tree.body):
        match node:
            case ast.ClassDef(name=found) if found == name:
                return Definition(module, node)
            case ast.Assign(targets=[ast.Name(id=found)]) | ast.AnnAssign(target=ast.Name(id=found)) if found == name:
                return Definition(module, node)
            case ast.ImportFrom(names=names):
                for alias in names:
                    if (alias.asname or alias.name) == name:
                        return find(resolve_name("." * node.level + (node.module or ""), source.package), alias.name)
            case _ if _is_type_alias(node, name):
                return Definition(module, node)
    return None


def class_and_bases(module: str, name: str) -> Iterator[tuple[str, ast.ClassDef]]:
    """Yield a class and, depth first, the classes it derives from, each with its module."""
    found = find(module, name)
    if found is None or not isinstance(found.node, ast.ClassDef):
        return
    yield found.module, found.node
    for base in found.node.bases:
        if isinstance(base, ast.Name):
            yield from class_and_bases(found.module, base.id)


@dataclass(frozen=True)
class _Source:
    tree: ast.Module
    package: str  # what its relative imports start from


@cache
def _read(module: str) -> _Source | None:
    """Return the source of a module; of a package that loads its names lazily, the stub, which says where they are."""
    spec = None if module.partition(".")[0] in _OPAQUE else _locate(module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    path, is_package = Path(spec.origin), spec.submodule_search_locations is not None
    stub = path.with_suffix(".pyi")
    tree = ast.parse((stub if is_package and stub.exists() else path).read_bytes())
    return _Source(tree, module if is_package else module.rpartition(".")[0])


def _locate(module: str) -> ModuleSpec | None:
    """Return where a module lies; importlib's own ``find_spec`` would import the packages that it is in."""
    package, *parts = module.split(".")
    try:
        spec = find_spec(package)
    except ValueError:  # what runs as a script has no spec
        return None
    for part in parts:
        if spec is None:
            return None
        package = f"{package}.{part}"
        spec = PathFinder.find_spec(package, spec.submodule_search_locations)
    return spec


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):  # as of imports for type checkers only
            yield from _statements(node.body)


def _is_type_alias(node: ast.stmt, name: str) -> bool:
    # the statement ``type name = ...`` is one of Python 3.12's
    return type(node).__name__ == "TypeAlias" and getattr(getattr(node, "name", None), "id", None) == name
