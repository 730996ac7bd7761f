"""`jobwire status`: what runs on a data folder, whether each part is ready, and where MQTT is."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from services.cli import data_folder
from services.cli.exits import CommandError, Exit
from services.cli.hints import broker_line
from services.cli.services import why_not_ready


async def status(data: Path, *, as_json: bool) -> Exit:
    """Print it; `FAILED` when a part is not ready. Raises `CommandError` (not reachable) when nothing runs there."""
    state = data_folder.read_state(data)
    if state is None or not data_folder.is_locked(data):
        raise CommandError(f"nothing runs on {data}; start it with `jobwire up`", Exit.NOT_REACHABLE)
    names = list(state["units"])
    reasons = await asyncio.gather(*(_why_not(state, name) for name in names))
    parts = dict(zip(names, reasons, strict=True))
    print(json.dumps(_as_json(state, parts), indent=2) if as_json else "\n".join(_as_text(state, parts)))
    return Exit.FAILED if any(parts.values()) else Exit.DONE


async def _why_not(state: dict[str, Any], name: str) -> str | None:
    unit = state["units"][name]
    if not unit["pid"]:
        return "is not running"
    if unit["ops_port"] is None:
        return None
    return await why_not_ready(state["ops_host"], unit["ops_port"])


def _as_json(state: dict[str, Any], parts: dict[str, str | None]) -> dict[str, Any]:
    units = {
        name: {**state["units"][name], "ready": reason is None, "reason": reason} for name, reason in parts.items()
    }
    return {**state, "ready": not any(parts.values()), "units": units}


def _as_text(state: dict[str, Any], parts: dict[str, str | None]) -> list[str]:
    lines = [f"jobwire runs at {state['url']} since {state['since']} (process {state['pid']})"]
    for name, reason in parts.items():
        ends = state["units"][name]["ends"]
        again = f", started again {ends} times" if ends else ""
        lines.append(f"  {name:<20} {reason or 'ready'}{again}")
    return [*lines, f"  {'MQTT':<20} {broker_line(state['broker'])}"]
