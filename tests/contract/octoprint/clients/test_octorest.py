"""octorest from PyPI works as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.support.gateway import ADMIN_KEY
from tests.support.octoprint_clients import with_octorest


@pytest.mark.parametrize(
    "session",
    [
        with_octorest.looks_around,
        with_octorest.is_refused_what_there_is_not,
        with_octorest.prints_a_file,
        with_octorest.connects_again,
        with_octorest.works_by_hand,
        with_octorest.gets_a_key,
    ],
)
async def test_octorest(url: str, session: Callable[[str, str], None]) -> None:
    await asyncio.to_thread(session, url, ADMIN_KEY)
