"""Logs: JSON lines for machines, coloured text for a terminal, the same fields in both, and never a secret."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import msgspec

_FIELDS: ContextVar[Mapping[str, str]] = ContextVar("log_fields", default={})  # noqa: B039  # replaced, never changed
_QUIET = ("alembic", "aiosqlite", "asyncio", "httpcore", "httpx", "litestar", "paho", "sqlalchemy", "uvicorn.access")
_COLOURS = {"DEBUG": "2", "INFO": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}

_KEYS = r"api[-_ ]?key|user[-_ ]?key|x-api-key|token|password|passwd|secret|admin[-_]key"
_SCRUBBED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(\w[\w+.-]*://[^\s:/@]*:)[^\s@/]+(@)"), r"\1***\2"),
    (re.compile(r"(?i)(authorization[\"']?\s*[:=,]\s*(?:b?[\"'])?(?:bearer|basic)?\s*)[^\s\"',;)&]+"), r"\1***"),
    (re.compile(rf"(?i)((?:{_KEYS})[\"']?\s*[:=,]\s*(?:b?[\"'])?)[^\s\"',;)&]+"), r"\1***"),
    (re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}"), r"\1***"),
)
_HINT = re.compile(rf"(?i)authorization|bearer|://|{_KEYS}")


def scrubbed(text: str) -> str:
    """`text` with the values of keys, passwords and tokens, and the passwords of URLs, replaced by `***`."""
    if not _HINT.search(text):
        return text
    for pattern, instead in _SCRUBBED:
        text = pattern.sub(instead, text)
    return text


@contextmanager
def fields(**values: str | None) -> Iterator[None]:
    """Add fields (`run`, `printer`, `request`, …) to each line logged in the block, in this task and its children."""
    token = _FIELDS.set({**_FIELDS.get(), **{name: value for name, value in values.items() if value is not None}})
    try:
        yield
    finally:
        _FIELDS.reset(token)


class JsonLines(logging.Formatter):
    """One JSON object a line: `at`, `level`, `service`, `logger`, `message`, the fields, and `error` with its trace."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": scrubbed(record.getMessage()),
            **_FIELDS.get(),
        }
        if record.exc_info:
            line["error"] = scrubbed(self.formatException(record.exc_info))
        return msgspec.json.encode(line).decode()


class TextLines(logging.Formatter):
    """A line for people: local time, level, message, and the fields at the end."""

    def __init__(self, *, coloured: bool) -> None:
        super().__init__()
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname:<7}"
        if self._coloured:
            level = f"\x1b[{_COLOURS.get(record.levelname, '0')}m{level}\x1b[0m"
        when = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]
        extra = "".join(f" {name}={value}" for name, value in _FIELDS.get().items())
        text = f"{when} {level} {scrubbed(record.getMessage())}{extra}"
        return f"{text}\n{scrubbed(self.formatException(record.exc_info))}" if record.exc_info else text


def set_up(
    service: str,
    level: str,
    stream: TextIO | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    form: Literal["auto", "json", "text"] = "auto",
) -> None:
    """Log to `stream` (standard error). `auto` is text on a terminal, else JSON. NO_COLOR is honoured (no-color.org).

    Libraries are heard from a warning on, unless `level` is `debug`.
    """
    stream = stream or sys.stderr
    environ = os.environ if environ is None else environ
    handler = logging.StreamHandler(stream)
    if form == "text" or (form == "auto" and stream.isatty()):
        handler.setFormatter(TextLines(coloured=stream.isatty() and not environ.get("NO_COLOR")))
    else:
        handler.setFormatter(JsonLines(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    logging.captureWarnings(True)
