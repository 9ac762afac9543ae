"""``python -m harmonium``, and the console script ``harmonium``."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return its exit code; the process is to end with it."""
    from harmonium.cli.signals import stop_in_order  # before all that takes time to import

    return stop_in_order(lambda: _main(arguments), at_exit=True)


def _main(arguments: Sequence[str] | None) -> int:
    from harmonium.exceptions import MissingPackageError
    from harmonium.extras import require

    try:
        require("cli", "cyclopts", "docstring_parser", "tomli_w")
    except MissingPackageError as error:
        print(f"error: the command line cannot start: {error}", file=sys.stderr)
        return 1
    from harmonium.cli.main import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
