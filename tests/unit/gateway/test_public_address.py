"""Which address a client is told, and which one it is counted by."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.public_address import TrustedProxies

FORWARDED = {
    "host": "inner:8080",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "print.example",
    "x-script-name": "/farm",
    "x-forwarded-for": "198.51.100.7, 192.0.2.50",
}


def scope(headers: dict[str, str], client: str = "192.0.2.1", root_path: str = "/octoprint") -> dict[str, Any]:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {
        "scheme": "http", "headers": raw, "client": (client, 5), "server": ("127.0.0.1", 8080), "root_path": root_path
    }  # fmt: skip


def test_the_host_of_the_request_is_used() -> None:
    assert TrustedProxies([]).base(scope({"host": "box:81"})) == "http://box:81/octoprint"


@pytest.mark.parametrize("host", ["", "a b", "x/y", "evil.example\r\nX: y", "a@b", "<script>"])
def test_a_host_that_is_none_is_replaced_by_our_own(host: str) -> None:
    assert TrustedProxies([]).base(scope({"host": host})) == "http://127.0.0.1:8080/octoprint"


def test_forwarding_headers_count_from_a_trusted_proxy_only() -> None:
    trusting = TrustedProxies(["192.0.2.0/24"])
    assert trusting.base(scope(FORWARDED)) == "https://print.example/farm/octoprint"
    assert trusting.client(scope(FORWARDED)) == "198.51.100.7"
    assert TrustedProxies([]).base(scope(FORWARDED)) == "http://inner:8080/octoprint"
    assert TrustedProxies([]).client(scope(FORWARDED)) == "192.0.2.1"
    assert trusting.client(scope(FORWARDED, client="203.0.113.1")) == "203.0.113.1"


def test_a_client_cannot_choose_the_address_it_is_counted_by() -> None:
    headers = {"x-forwarded-for": "10.9.9.9, 198.51.100.7"}
    assert TrustedProxies(["192.0.2.1"]).client(scope(headers)) == "198.51.100.7"


@pytest.mark.parametrize("script", ["//evil", "/a b", "evil", "/<x>"])
def test_a_script_name_that_is_none_is_left_out(script: str) -> None:
    headers = {"host": "box", "x-script-name": script}
    assert TrustedProxies(["192.0.2.1"]).base(scope(headers)) == "http://box/octoprint"


def test_a_proxy_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="not-an-address"):
        TrustedProxies(["not-an-address"])
