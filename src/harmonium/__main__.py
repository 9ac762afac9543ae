"""``python -m harmonium``, and the console script ``harmonium``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from harmonium.exceptions import MissingPackageError
from harmonium.extras import require


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return its exit code; without the packages that it needs, say what brings them."""
    try:
        require("cli", "cyclopts", "docstring_parser", "tomli_w")
    except MissingPackageError as error:
        print(f"error: the command line cannot start: {error}", file=sys.stderr)
        return 1
    from harmonium.cli.main import main as run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
