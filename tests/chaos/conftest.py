"""Every chaos test draws its moments from a seed, which a failure prints; `JOBWIRE_TEST_SEED` repeats one."""

from __future__ import annotations

import os
import random

import pytest


@pytest.fixture
def dice(record_property: pytest.RecordProperty) -> random.Random:  # type: ignore[name-defined]
    """The source of all random moments of one test."""
    seed = int(os.environ.get("JOBWIRE_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)
    print(f"JOBWIRE_TEST_SEED={seed}")  # shown with a failure
    return random.Random(seed)
