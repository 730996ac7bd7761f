"""What `jobwire up` says when everything is ready: how to go on."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from shared.settings import Settings

Shown = Mapping[str, str | int | bool | None]


def ready_lines(settings: Settings, broker: Shown, url: str) -> list[str]:
    """The lines after `jobwire ready …`; the administrator's new key, when there is one, is in them once."""
    base, printer = settings.broker.base, settings.printer[0].id
    return [
        *first_administrator(settings.run_folder / "first-admin.json"),
        "",
        f"  MQTT           {broker_line(broker)}",
        f"  data           {settings.data}",
        "",
        f'  print a file   curl -H "X-Api-Key: $KEY" -F file=@part.gcode -F print=true {url}/api/files/local',
        f'  look at it     curl -H "X-Api-Key: $KEY" {url}/api/job',
        f"  follow it      {sys.argv[0]} watch --data {settings.data}",
        f"                 (or: mosquitto_sub -p {broker['port']} -v -t '{base}/#')",
        f"  pause it       mosquitto_pub -p {broker['port']} -t {base}/printer/{printer}/set -m pause",
        "",
        "  Ctrl-C stops everything.",
    ]


def broker_line(broker: Shown) -> str:
    """Where MQTT is, as whom to connect, and where the password is."""
    where = f"{broker['host']}:{broker['port']}"
    if broker["kind"] == "given":
        return f"{where} (an existing broker)"
    anonymous = ", or without a user" if broker["anonymous"] else ""
    return f"{where}, user {broker['user']}, password in {broker['accounts']}{anonymous}"


def first_administrator(path: Path) -> list[str]:
    """The administrator that was made at the first start, as the gateway handed it over; shown once, then removed."""
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
        path.unlink()
    except (OSError, ValueError):
        return []
    pairs = [f"  {name:<14} {value}" for name, value in made.items() if isinstance(value, str)]
    return ["", "  The administrator was made now; this is shown once, so keep it:", *pairs]
