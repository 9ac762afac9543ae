"""Compilation by numba, kept on disk where there is a folder to write to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that compiles a function once a machine, or once a process where nothing can be kept."""

    def compile_function(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            found: Callable[..., Any] = njit(cache=True, **options)(function)
        except RuntimeError:  # neither beside the package nor in the user's cache may numba write
            found = njit(**options)(function)
        return found

    return compile_function
