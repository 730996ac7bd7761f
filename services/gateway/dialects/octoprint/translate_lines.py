"""/api/printer/command: lines of G-code as clients write them, with their parameters filled in. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from shared.contracts.printers import PrinterAsk, SendGcode, StopEmergency
from shared.errors import Invalid

# `{name}` as in custom controls today, `%(name)s` as OctoPrint fills in, `%%` for a percent sign
_PLACE = re.compile(r"%\((\w+)\)[sdif]|\{(\w+)\}|(%%)")
_STOP = re.compile(r"\s*(?:N\d+\s*)?M0*112(?!\d)")


def command(body: Any) -> PrinterAsk | None:
    """The command of a body; None when it names a script. `M112` is an emergency stop, whatever stands beside it.

    Raises `Invalid` with OctoPrint's texts.
    """
    members = body if isinstance(body, dict) else {}
    lines, single, script = "commands" in members, "command" in members, "script" in members
    if lines and single:
        raise Invalid("'command' and 'commands' are mutually exclusive", code="two_commands")
    if (lines or single) and script:
        raise Invalid("'command'/'commands' and 'script' are mutually exclusive", code="two_commands")
    if not (lines or single or script):
        raise Invalid("Need one of 'command', 'commands' or 'script'", code="no_command")
    if script:
        return None
    texts = _texts(members, "commands" if lines else "command")
    if any(_STOP.match(text) for text in texts):
        return StopEmergency()
    return SendGcode(lines=texts)


def _texts(members: Mapping[str, Any], member: str) -> list[str]:
    given, parameters = members[member], members.get("parameters") or {}
    texts = [given] if member == "command" else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Invalid(f"{member} is invalid", code="bad_command")
    if not isinstance(parameters, dict):
        raise Invalid("parameters is invalid", code="bad_parameters")
    return [line for text in texts for line in (_filled(text, parameters) if parameters else text).splitlines()]


def _filled(text: str, parameters: Mapping[str, Any]) -> str:
    def value(found: re.Match[str]) -> str:
        if found[3]:
            return "%"
        name = found[1] or found[2]
        given = parameters.get(name)
        if isinstance(given, bool) or not isinstance(given, str | int | float):
            raise Invalid(f"parameters has no text or number for {name!r}", code="bad_parameters")
        return str(given)

    return _PLACE.sub(value, text)
