"""How fast a printer is fed, told by the printer: its counters read twenty times a second, the same for every host."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from tests.support.virtual_printer import VirtualPrinterProcess

PAUSE = 0.05
FEWEST = 4
T = TypeVar("T")


@dataclass(frozen=True)
class Sample:
    """The counters at one moment (monotonic seconds, in the middle of question and answer)."""

    at: float
    moves: int
    received_bytes: int


@dataclass
class Meter:
    """Samples one printer while something else runs; rates leave the first and last part of the stream out."""

    printer: VirtualPrinterProcess
    samples: list[Sample]

    @classmethod
    def of(cls, printer: VirtualPrinterProcess) -> Meter:
        """A meter that has seen the counters once."""
        meter = cls(printer, [])
        meter.look()
        return meter

    def look(self) -> Sample:
        """One more sample."""
        before = time.monotonic()
        counters = self.printer.counters()
        sample = Sample((before + time.monotonic()) / 2, counters["moves"], counters["received_bytes"])
        self.samples.append(sample)
        return sample

    async def during(self, work: Awaitable[T]) -> T:
        """Sample until `work` is done; its result."""
        task = asyncio.ensure_future(work)
        while not task.done():
            self.look()
            await asyncio.wait([task], timeout=PAUSE)
        self.look()
        return await task

    @property
    def moves(self) -> int:
        """Moves executed since the meter was made."""
        return self.samples[-1].moves - self.samples[0].moves

    def moves_per_second(self) -> float:
        """The rate of moves in the middle of the stream."""
        first, last = self._middle()
        return (last.moves - first.moves) / (last.at - first.at)

    def bytes_per_second(self) -> float:
        """The rate of bytes that the board received in the middle of the stream."""
        first, last = self._middle()
        return (last.received_bytes - first.received_bytes) / (last.at - first.at)

    def seconds_until(self, moves: int) -> float:
        """From the first move seen to the sample at which `moves` were executed."""
        start, end = self.samples[0].moves, self.samples[0].moves + moves
        first = next(sample for sample in self.samples if sample.moves > start)
        last = next(sample for sample in self.samples if sample.moves >= end)
        return last.at - first.at

    def _middle(self) -> tuple[Sample, Sample]:
        """The samples between 5 and 99.5 % of the moves: neither the start of the print nor its end counts."""
        start, total = self.samples[0].moves, self.moves
        inside = [s for s in self.samples if 0.05 * total <= s.moves - start <= 0.995 * total]
        if len(inside) < FEWEST:
            raise ValueError(f"the stream was too short to measure: {len(inside)} samples in it")
        return inside[0], inside[-1]
