"""The OpenAPI document: complete, sound, and true of what is answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from services.gateway.dialects.wiser import routes
from services.gateway.dialects.wiser.described import DESCRIPTION, ROWS
from services.gateway.dialects.wiser.routes_document import shown
from tests.support.gateway import OPERATOR_KEY
from tests.support.house import ScriptedHouse

DOCUMENT = shown()
OPEN = {"read_document", "claim_account", "read_info", "read_debug_info", "read_site"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert {DESCRIPTION.name_of(handler) for handler in routes.HANDLERS} == set(ROWS)
    assert len({operation["operationId"] for _, _, operation in operations()}) == len(list(operations()))


def test_every_reference_leads_somewhere() -> None:
    for reference in set(references(DOCUMENT)):
        node: Any = DOCUMENT
        for name in reference.removeprefix("#/").split("/"):
            node = node[name]


async def test_who_may_call_is_what_the_document_says(house: ScriptedHouse) -> None:
    guest = house.running.client_from("192.0.2.9")
    for path, method, operation in operations():
        concrete = path.replace("{event}", "click").replace("{button}", "on")
        for name in ("script", "device"):
            concrete = concrete.replace(f"{{{name}}}", "a")
        while "{" in concrete:
            concrete = f"{concrete[: concrete.index('{')]}1{concrete[concrete.index('}') + 1 :]}"
        content = b"[]" if operation["operationId"] == "claim_account" else b""
        answer = await guest.request(method, f"/wiser{concrete}", content=content)
        is_open = operation["operationId"] in OPEN
        assert (operation.get("security") == []) == is_open, path
        assert (answer.json().get("message") == "api is locked") != is_open, (path, answer.text)


async def test_what_is_read_is_as_described(house: ScriptedHouse) -> None:
    await house.running.client.post("/api/jobs", json={"scripts": ["a.py"]})
    for path, methods in DOCUMENT["paths"].items():
        if "get" not in methods or "{" in path or path in ("/openapi.json", "/api/smartbuttons/notify"):
            continue
        answer = await house.running.client.get(f"/wiser{path}")
        assert answer.json()["status"] == "success", (path, answer.text)
        content = methods["get"]["responses"]["200"]["content"]["application/json"]
        schema = {**content["schema"], "components": DOCUMENT["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(answer.json())


async def test_it_is_served_below_the_prefix_with_the_address_it_was_asked_at(house: ScriptedHouse) -> None:
    guest = house.running.client_from("192.0.2.9")
    served = (await guest.get("/wiser/openapi.json")).json()
    assert served.pop("servers") == [{"url": "http://host:8080/wiser"}]
    assert served == json.loads(json.dumps(DOCUMENT))
    page = await guest.get("/docs")
    assert "/wiser/openapi.json" in page.text
    assert OPERATOR_KEY not in page.text
