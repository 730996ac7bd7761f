"""From a port's name to a printer that has answered: opening, waiting for the board, agreeing on line number 0."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

from services.printer_controller.port import Link, open_port
from services.printer_controller.wire import LONGEST_REPLY, ErrorLine, Ok, Received, Resend, Start, decode, encode
from shared.contracts.printers import PrinterStatus
from shared.settings import PrinterSettings

RATES = (115200, 250000, 230400, 57600, 38400, 19200, 9600)  # in the order in which they are tried
BOOTING = 10.0  # s that a board may take from its reset to its banner
PER_RATE = 3.0  # s for an answer while the rate is looked for
QUIET = 0.05  # s without a byte: the answer is complete
PATIENCE = (0.5, 1.0, 2.0, 3.0, 4.0)  # s before the first line is sent again
MOST_HEARD = 1000  # lines kept while greeting

# A newline ends whatever an earlier host left unfinished; the line itself sets the board's counter.
HELLO = b"\n" + encode(0, b"M110 N0")

_log = logging.getLogger(__name__)


class _Ear:
    """Listens while nothing is agreed on yet."""

    def __init__(self) -> None:
        self.lost: str | None = None
        self._partial = b""
        self._heard: list[Received] = []
        self._news = asyncio.Event()

    def on_bytes(self, data: bytes) -> None:
        *lines, self._partial = (self._partial + data).split(b"\n")
        self._partial = self._partial[-LONGEST_REPLY:]
        self._heard.extend(decode(line) for line in lines[-MOST_HEARD:])
        del self._heard[:-MOST_HEARD]
        self._news.set()

    def on_lost(self, reason: str) -> None:
        self.lost = reason
        self._news.set()

    async def answer(self, within: float) -> list[Received]:
        """All lines up to the first pause after an `ok` or a banner; what came at all after `within` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not any(isinstance(line, Ok | Start) for line in self._heard):
                    await self._next()
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout(QUIET):
                    await self._next()
        heard, self._heard = self._heard, []
        return heard

    async def _next(self) -> None:
        if self.lost is None:
            self._news.clear()
            await self._news.wait()
        if self.lost is not None:
            raise OSError(self.lost)


async def greet(link: Link, *, booting: bool, within: float) -> None:
    """Make the printer count from 0. Raises OSError (TimeoutError after `within` seconds without an answer).

    `booting`: the board has been reset, so its banner is waited for first. A banner that comes later starts it over.
    """
    ear = _Ear()
    link.receiver = ear
    async with asyncio.timeout(within):
        if booting:
            await ear.answer(BOOTING)
        tries = 0
        while True:
            link.write(HELLO)
            heard = await ear.answer(PATIENCE[min(tries, len(PATIENCE) - 1)])
            if _agreed(heard):
                return
            tries = 0 if any(isinstance(line, Start) for line in heard) else tries + 1


def _agreed(heard: Sequence[Received]) -> bool:
    refused = any(
        isinstance(line, Resend | Start) or (isinstance(line, ErrorLine) and line.of_the_wire) for line in heard
    )
    return not refused and any(isinstance(line, Ok) for line in heard)


async def connect(
    port: str, baudrate: int, settings: PrinterSettings, announce: Callable[[PrinterStatus], None]
) -> tuple[Link, int]:
    """An open link to a printer that counts from 0, and its baud rate; rate 0 means: find out. Raises OSError."""
    rates = (baudrate,) if baudrate else RATES
    announce(PrinterStatus.OPENING if baudrate else PrinterStatus.DETECTING)
    error: OSError = OSError(f"no rate to try for {port}")
    for rate in rates:
        try:
            return await _connect_at(port, rate, settings, announce, certain=bool(baudrate)), rate
        except TimeoutError:
            error = TimeoutError(f"no printer answered at {port} with {rate} baud")
        except OSError as reason:
            error = reason
        _log.debug("%s", error)
    if not baudrate and isinstance(error, TimeoutError):
        error = TimeoutError(f"no printer answered at {port} with any of the rates {', '.join(map(str, RATES))}")
    raise error


async def _connect_at(
    port: str, rate: int, settings: PrinterSettings, announce: Callable[[PrinterStatus], None], *, certain: bool
) -> Link:
    times = settings.timeouts
    reset = settings.reset_on_connect
    ear = _Ear()
    link = await open_port(port, rate, reset=reset, receiver=ear, within=times.open)
    try:
        if certain:
            announce(PrinterStatus.CONNECTING)
        within = (2 * times.greeting if certain else PER_RATE) + (BOOTING if reset else 0.0)
        await greet(link, booting=reset, within=within)
    except BaseException:
        link.abort()
        raise
    return link
