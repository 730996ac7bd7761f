"""octorest and pyoctoprintapi from PyPI, unmodified, against the whole system with a real print behind each call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.support.octoprint_clients import with_octorest, with_pyoctoprintapi
from tests.support.stack import Stack

pytestmark = pytest.mark.system

BLOCKING = (
    with_octorest.looks_around,
    with_octorest.is_refused_what_there_is_not,
    with_octorest.prints_a_file,
    with_octorest.connects_again,
    with_octorest.gets_a_key,
)
SESSIONS = (
    with_pyoctoprintapi.is_set_up,
    with_pyoctoprintapi.has_its_buttons,
    with_pyoctoprintapi.is_refused_what_there_is_not,
)


@pytest.mark.parametrize("session", BLOCKING, ids=lambda session: session.__name__)
async def test_octorest(stack: Stack, session: Callable[[str, str], None]) -> None:
    """It keeps no path, so that it speaks to the printer at the root."""
    await asyncio.to_thread(session, stack.url, stack.key)


@pytest.mark.parametrize("mount", ["", "/octoprint/second"])
@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.__name__)
async def test_pyoctoprintapi(stack: Stack, mount: str, session: Callable[[str, str], Awaitable[None]]) -> None:
    await session(f"{stack.url}{mount}", stack.key)
