"""pyoctoprintapi from PyPI, which Home Assistant uses, works as it is, at every address of a printer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.support.gateway import ADMIN_KEY
from tests.support.octoprint_clients import with_pyoctoprintapi


@pytest.mark.parametrize("mount", ["", "/octoprint", "/octoprint/virtual"])
@pytest.mark.parametrize(
    "session",
    [
        with_pyoctoprintapi.is_set_up,
        with_pyoctoprintapi.has_its_buttons,
        with_pyoctoprintapi.heats,
        with_pyoctoprintapi.is_refused_what_there_is_not,
    ],
)
async def test_pyoctoprintapi(url: str, mount: str, session: Callable[[str, str], Awaitable[None]]) -> None:
    await session(f"{url}{mount}", ADMIN_KEY)
