"""A connected session per test, on a virtual printer in its own process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.printer_session import SessionOnPrinter
from tests.support.virtual_printer import VirtualPrinterProcess

Connect = Callable[..., Awaitable[SessionOnPrinter]]


@pytest.fixture
async def connected(tmp_path: Path) -> AsyncIterator[Connect]:
    """`await connected("--speed", "0", rx_buffer=128)`: options of the printer, settings of the session."""
    async with AsyncExitStack() as stack:

        async def connect(*options: str, **settings: Any) -> SessionOnPrinter:
            printer = stack.enter_context(VirtualPrinterProcess(*options))
            session = SessionOnPrinter(printer, tmp_path, settings)
            stack.push_async_callback(session.leave)
            await session.session.connect(None, None)
            return session

        yield connect
