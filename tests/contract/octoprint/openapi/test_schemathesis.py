"""Requests that schemathesis makes from the document: no fault, no undocumented status, no other body than it says.

Right and wrong values alike, from a fixed seed. Each request comes from an address of its own, so that wrong passwords
and key requests of one do not lock out the next. The operations are pytest's parameters, not schemathesis's: its tests
would all have the same id, of which a distributed run keeps one.
"""

from __future__ import annotations

import copy
import ipaddress
import itertools
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.gateway.dialects.octoprint.routes_document import shown
from tests.support.gateway import ADMIN_KEY

FUZZED = 30  # requests of any values for each operation
COVERED = 80  # at most as many at the edges of what the document allows
SEED = 20260301
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
_addresses = itertools.count(int(ipaddress.ip_address("10.0.0.1")))


def _document() -> dict[str, Any]:
    """The document as it is, without the push channel (its answers stay open) and the keys, which the test sends."""
    document = copy.deepcopy(shown())
    document["paths"] = {path: item for path, item in document["paths"].items() if not path.startswith("/sockjs")}
    del document["components"]["securitySchemes"], document["security"]
    return document


schema = schemathesis.openapi.from_dict(_document(), config=schemathesis.Config.from_dict({"seed": SEED}))
OPERATIONS: list[Any] = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])


def test_no_operation_is_left_out() -> None:
    assert len(OPERATIONS) == sum(len(methods) for methods in _document()["paths"].values())


@each_operation
def test_any_request_is_answered_as_the_document_says(operation: Any, url: str) -> None:
    sources = [*operation.get_strategies_from_examples(), *(operation.as_strategy(generation_mode=m) for m in MODES)]

    with requests.Session() as session:

        @seed(SEED)
        @settings(
            max_examples=FUZZED + len(sources), deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(st.one_of(sources))
        def ask(case: schemathesis.Case[Any]) -> None:
            _ask(case, url, session)

        ask()


@each_operation
def test_requests_at_the_edges_are_answered_as_the_document_says(operation: Any, url: str) -> None:
    generation = schema.config.generation_for(operation=operation)
    cases = schema.iter_coverage_cases(operation, generation_modes=MODES, generation_config=generation)
    with requests.Session() as session:
        for case in itertools.islice(cases, COVERED):
            _ask(case, url, session)


def _ask(case: schemathesis.Case[Any], url: str, session: requests.Session) -> None:
    headers = {"X-Api-Key": ADMIN_KEY, "X-Forwarded-For": str(ipaddress.ip_address(next(_addresses)))}
    response = case.call(base_url=f"{url}/octoprint", headers=headers, session=session, timeout=20)
    case.validate_response(response, checks=CHECKS)
