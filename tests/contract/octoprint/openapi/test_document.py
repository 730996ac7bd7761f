"""The OpenAPI document and its page: complete, true in every state of the printer, and readable without a network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from services.gateway.dialects.octoprint import routes_file_commands, translate, translate_printer
from services.gateway.dialects.octoprint.openapi.document import OPERATIONS, name_of
from services.gateway.dialects.octoprint.routes import HANDLERS
from services.gateway.dialects.octoprint.routes_document import shown
from shared.contracts import topics
from shared.contracts.printers import PrinterStatus
from shared.errors import Unavailable
from tests.support.database import Database
from tests.support.gateway import VIEWER_KEY, RunningGateway, running_gateway

DOCUMENT = shown()
COMMANDS: dict[str, Iterable[str]] = {
    "/api/job": translate.JOB_COMMANDS,
    "/api/connection": translate.CONNECTION_COMMANDS,
    "/api/files/{location}/{path}": routes_file_commands.COMMANDS,
    "/api/printer/printhead": translate_printer.PRINT_HEAD,
    "/api/printer/tool": translate_printer.TOOL,
    "/api/printer/bed": translate_printer.BED,
    "/api/printer/chamber": translate_printer.CHAMBER,
    "/api/printer/sd": translate_printer.CARD,
    "/api/control/printer/heater": translate_printer.HEATER,
}
ASKS = [topic for topic in topics.CATALOGUE if topic.kind is topics.Kind.ASK]


@pytest.fixture
async def gateway(tmp_path: Path, database: Database) -> Any:
    async with running_gateway(tmp_path, database=database) as running:
        running.owner.answers |= {topic: Unavailable("not now") for topic in ASKS if topic is not topics.ANNOUNCE}
        yield running


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            if not path.startswith("/sockjs"):
                yield path, method, operation


def _examples() -> Iterator[Any]:
    for path, method, operation in _operations():
        contents = [operation.get("requestBody", {}), *(_resolved(each) for each in operation["responses"].values())]
        for content in contents:
            for described in content.get("content", {}).values():
                for name, example in described.get("examples", {}).items():
                    yield pytest.param(described["schema"], example["value"], id=f"{method} {path} {name}")


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    found: Any = DOCUMENT
    for name in node.get("$ref", "").split("/")[1:]:
        found = found[name]
    return found if "$ref" in node else node


def test_every_route_is_in_the_document_and_has_a_row() -> None:
    names = [name_of(handler) for handler in HANDLERS]
    assert [name for name in names if name not in OPERATIONS] == []
    assert [name for name in OPERATIONS if name not in names] == []
    paths = {re.sub(r":\w+", "", path) for handler in HANDLERS for path in handler.paths}
    assert paths <= set(DOCUMENT["paths"])


@pytest.mark.parametrize(("path", "commands"), COMMANDS.items())
def test_the_commands_of_a_route_are_all_in_the_document(path: str, commands: Iterable[str]) -> None:
    schema = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert {each["properties"]["command"]["const"] for each in schema["anyOf"]} == set(commands)


def test_no_two_operations_have_the_same_id() -> None:
    ids = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("schema", "value"), list(_examples()))
def test_an_example_is_what_its_schema_says(schema: dict[str, Any], value: Any) -> None:
    jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]}).validate(value)


@pytest.mark.parametrize("prefix", ["/octoprint", "/octoprint/virtual"])
async def test_the_document_names_the_address_it_was_asked_at(gateway: RunningGateway, prefix: str) -> None:
    answer = await gateway.client.get(f"{prefix}/openapi.json", headers={"X-Api-Key": ""})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json()["servers"] == [{"url": f"http://host:8080{prefix}"}]
    assert answer.json()["paths"] == DOCUMENT["paths"]


async def test_the_page_shows_every_path_and_loads_nothing(gateway: RunningGateway) -> None:
    page = await gateway.client.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert [path for path in DOCUMENT["paths"] if f"<code>{path}</code>" not in page.text] == []
    assert not re.search(r"<script|<link|src=|@import|url\(", page.text)


@pytest.mark.parametrize("status", [PrinterStatus.OFFLINE, PrinterStatus.PRINTING, PrinterStatus.ERROR])
async def test_an_answer_in_another_state_is_a_documented_one(gateway: RunningGateway, status: PrinterStatus) -> None:
    await gateway.owner.state(status)
    assert await _undocumented(gateway.client) == []


async def test_an_answer_without_an_owner_is_a_documented_one(gateway: RunningGateway) -> None:
    await gateway.owner.presence("lost")
    assert await _undocumented(gateway.client) == []


async def test_an_answer_for_an_unknown_printer_is_a_documented_one(gateway: RunningGateway) -> None:
    assert await _undocumented(gateway.client, prefix="/octoprint/no-such-printer") == []


@pytest.mark.parametrize("key", ["", "wrong-key-0123456789", VIEWER_KEY])
async def test_an_answer_for_somebody_else_is_a_documented_one(gateway: RunningGateway, key: str) -> None:
    assert await _undocumented(gateway.client, key=key) == []


async def test_too_many_parameters_are_refused_with_a_documented_answer(gateway: RunningGateway) -> None:
    assert await _undocumented(gateway.client, query="&".join(f"a{number}=1" for number in range(200))) == []


async def test_only_the_open_operations_answer_without_a_key(gateway: RunningGateway) -> None:
    let_in = []
    for path, method, operation in _operations():
        answer = await _ask(gateway.client, path, method, operation, key="")
        if answer.status_code not in (403, 429) and operation.get("security") != []:
            let_in.append((method, path, answer.status_code))
    assert let_in == []


async def _undocumented(client: httpx.AsyncClient, **how: str) -> list[tuple[str, str, int]]:
    """Every operation once, with the first of its examples: which answers are not in the document."""
    found = []
    for path, method, operation in _operations():
        answer = await _ask(client, path, method, operation, **how)
        if str(answer.status_code) not in operation["responses"] or answer.status_code == 500:
            found.append((method, path, answer.status_code))
    return found


async def _ask(
    client: httpx.AsyncClient,
    path: str,
    method: str,
    operation: dict[str, Any],
    *,
    prefix: str = "",
    key: str | None = None,
    query: str = "",
) -> httpx.Response:
    place = f"{prefix or '/octoprint'}{path}"
    for parameter in operation["parameters"]:
        place = place.replace(f"{{{parameter['name']}}}", parameter.get("example", "something"))
    place = f"{place}?{query}"
    headers = {} if key is None else {"X-Api-Key": key}
    for media, described in operation.get("requestBody", {}).get("content", {}).items():
        examples: list[Any] = [example["value"] for example in described.get("examples", {}).values()]
        value = examples[0] if examples else {}
        if media == "multipart/form-data":
            return await client.request(
                method, place, data=value, files={"file": ("ring.gcode", value["file"])}, headers=headers
            )
        if media == "application/json":
            return await client.request(method, place, json=value, headers=headers)
    return await client.request(method, place, headers=headers)
