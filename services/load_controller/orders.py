"""What is to be done to one load: asked for, stored, handed to its driver, and waited for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.load_controller.holdings import shard_of
from services.load_controller.models import COMMAND
from shared import last_rows
from shared.contracts.loads import Receipt

SCRIPTS = -1  # the shard of scripts, which the holder of the house executes
GOOD_FOR = 30.0  # seconds: a command that reached no device by then never does


class Command(msgspec.Struct, omit_defaults=True):
    """A target state, a press of a button, or a script's entry point with its arguments.

    `group`: the hvac group it was meant for; `alone`: it is of no run. `once`: it is not repeated when nobody knows
    whether it reached the device, as a step or a fade would go too far.
    """

    target: dict[str, Any] | None = None
    button: str | None = None
    event: str | None = None
    group: int | None = None
    alone: bool = False
    once: bool = False
    script: str | None = None
    entry: str = ""
    arguments: list[Any] = []


@dataclass(slots=True)
class Order:
    """A row of `load_command`; a script's load is 0."""

    run: str
    number: int
    load: int
    command: Command
    until: datetime
    sent: bool = False

    def receipt(self, name: str, outcome: str = "waiting", **more: Any) -> Receipt:
        """What the load said to it, or how the script ended."""
        if self.command.script is not None:
            return Receipt(name=f"script {self.command.script}", outcome=outcome, **more)
        return Receipt(
            load=self.load,
            hvac_group=self.command.group,
            name=name,
            target=shown(self.command),
            outcome=outcome,
            **more,
        )


def shown(command: Command) -> dict[str, Any]:
    """The command as receipts show it."""
    if command.target is not None:
        return command.target
    return {"button": command.button, "event": command.event}


_SENT = (
    update(COMMAND)
    .where(COMMAND.c.run == bindparam("of"), COMMAND.c.number == bindparam("at"))
    .values(sent=True, command=bindparam("meant"))
)


async def mark_sent(tx: AsyncSession, order: Order) -> None:
    """From now on it may have reached the device."""
    await tx.execute(_SENT, {"of": order.run, "at": order.number, "meant": _text(order.command)})


async def store(tx: AsyncSession, order: Order) -> None:
    """Keep it until it is done."""
    row = {
        "run": order.run,
        "number": order.number,
        "shard": SCRIPTS if order.command.script is not None else shard_of(order.load),
        "load": order.load,
        "command": _text(order.command),
        "sent": order.sent,
        "until": order.until,
        "receipt": None,
    }
    await last_rows.add(tx, COMMAND, row)


def order_of(row: Any) -> Order:
    """The order in a row."""
    command = msgspec.json.decode(row.command, type=Command)
    return Order(row.run, row.number, row.load, command, row.until, row.sent)


def _text(command: Command) -> str:
    return msgspec.json.encode(command).decode()
