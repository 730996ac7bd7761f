"""`python -m services.load_controller` serves; with `migrate` it brings the database up to date and ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from shared.service import run_service

MIGRATIONS = Path(__file__).parent / "migrations"


def main(argv: Sequence[str]) -> int:
    """The exit code."""
    from services.load_controller.service import NAME, start

    return run_service(NAME, start, argv=argv, migrations=MIGRATIONS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
