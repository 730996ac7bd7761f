"""Logs: one object a line for machines, readable for people, without a secret for anybody."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest

from shared import log


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("form", "terminal", "is_json"),
    [("auto", True, False), ("auto", False, True), ("text", False, False), ("json", True, True)],
)
def test_the_form_is_the_one_that_is_wanted_else_the_reader_decides(
    form: Literal["auto", "json", "text"], terminal: bool, is_json: bool
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    log.set_up("gateway", "info", stream, {"NO_COLOR": "1"}, form=form)
    logging.getLogger("x").info("hi")
    assert stream.getvalue().startswith("{") is is_json
    assert "hi" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


@pytest.fixture(autouse=True)
def _own_root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("GET /api/job?apikey=Abc123456789&x=1 HTTP/1.1", "Abc123456789"),
        ("POST /api/jobs?userkey=U-987654&action=list", "U-987654"),
        ("X-Api-Key: 0123456789ABCDEF", "0123456789ABCDEF"),
        ("headers [(b'x-api-key', b'topsecretkey')]", "topsecretkey"),
        ("Authorization: Bearer eyJhbGciOi.abc-DEF_1", "eyJhbGciOi.abc-DEF_1"),
        ("authorization=Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("connecting to mqtt://user:hunter2@broker:1883/x", "hunter2"),
        ("postgresql+asyncpg://jobwire:p%40ss@db/jobwire", "p%40ss"),
        ('{"user": "me", "password": "hunter2", "n": 1}', "hunter2"),
        ("JOBWIRE_ADMIN_KEY=longadminkey", "longadminkey"),
        ("token: abcdefgh", "abcdefgh"),
    ],
)
def test_a_secret_never_reaches_the_log(text: str, secret: str) -> None:
    assert secret not in log.scrubbed(text)
    assert "***" in log.scrubbed(text)


@pytest.mark.parametrize(
    "text",
    [
        "printer virtual: line 120 acknowledged",
        "http://127.0.0.1:8080/api/job",
        "the key of the map",
        "Authorizing a run",
    ],
)
def test_an_innocent_line_stays_as_it_is(text: str) -> None:
    assert log.scrubbed(text) == text


def test_a_pipe_gets_one_json_object_a_line_with_the_fields_of_the_task() -> None:
    stream = io.StringIO()
    log.set_up("gateway", "info", stream)
    with log.fields(run="r1", printer=None):
        logging.getLogger("x").info("started %s", "now\nand here")
    logging.getLogger("x").info("outside")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["message"], first["run"], first["level"], first["service"]) == (
        "started now\nand here",
        "r1",
        "info",
        "gateway",
    )
    assert "printer" not in first
    assert "run" not in second
    assert first["at"].endswith("Z")


def test_a_trace_is_part_of_its_line_and_scrubbed() -> None:
    stream = io.StringIO()
    log.set_up("gateway", "info", stream)
    try:
        raise ValueError("mqtt://u:hunter2@h")
    except ValueError:
        logging.getLogger("x").exception("failed")
    line = json.loads(stream.getvalue())
    assert "Traceback" in line["error"]
    assert "hunter2" not in line["error"]


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)])
def test_a_terminal_gets_text_in_colour_unless_no_color_is_set(environ: dict[str, str], coloured: bool) -> None:
    stream = Terminal()
    log.set_up("gateway", "info", stream, environ)
    with log.fields(run="r1"):
        logging.getLogger("x").warning("careful")
    assert "careful run=r1" in stream.getvalue()
    assert ("\x1b[33m" in stream.getvalue()) is coloured


def test_libraries_are_heard_from_a_warning_on() -> None:
    stream = io.StringIO()
    log.set_up("gateway", "info", stream)
    logging.getLogger("httpx").info("a request")
    logging.getLogger("httpx").warning("a trouble")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["a trouble"]
