"""`python -m services.gateway`: the service, its `migrate` step, and `key` and `account` for accounts by hand."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from services.gateway.callers import commands

MIGRATIONS = Path(__file__).parent / "migrations"


def main(argv: Sequence[str]) -> int:
    """The exit code."""
    if argv and argv[0] in commands.SUBJECTS:
        return commands.run(argv)
    from services.gateway.app import start
    from shared.service import run_service

    return run_service("gateway", start, argv=argv, migrations=MIGRATIONS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
