"""One transaction of the printer controller: the rows, and the messages that go out when it commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from shared import outbox
from shared.contracts import topics
from shared.contracts.runs import Run


@dataclass(frozen=True)
class Writing:
    """What it takes to write: the transaction, the base of the topics, the time, and how long runs are shown."""

    tx: AsyncSession
    base: str
    now: datetime
    run_topic_seconds: int = 24 * 3600

    async def event(self, name: str, subject: str | None, data: dict[str, Any]) -> None:
        """Announce that something happened."""
        await outbox.enqueue_event(
            self.tx, service=topics.PRINTER_CONTROLLER, name=name, subject=subject, data=data,
            base=self.base, now=self.now,
        )  # fmt: skip

    async def run(self, run: Run) -> None:
        """Announce a run's record; the broker forgets it a while after its end."""
        expiry = None
        if run.ended_at is not None:
            expiry = max(1, self.run_topic_seconds - int((self.now - run.ended_at).total_seconds()))
        await outbox.enqueue(self.tx, topics.RUN, run, base=self.base, now=self.now, expiry=expiry, run=run.id)
