"""Broker URLs: read exactly, never shown with their secrets."""

from __future__ import annotations

import pytest

from shared.bus.packets import Endpoint, endpoint_of
from shared.errors import Invalid


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("mqtt://10.0.0.5:1884", Endpoint("10.0.0.5", 1884)),
        ("mqtt://broker", Endpoint("broker", 1883)),
        ("mqtts://broker", Endpoint("broker", 8883, tls=True)),
        ("broker:1885", Endpoint("broker", 1885)),
        ("mqtt://[::1]:1886", Endpoint("::1", 1886)),
        ("mqtt://us%40er:p%2Fw@broker", Endpoint("broker", 1883, username="us@er", password="p/w")),
    ],
)
def test_a_broker_url_is_read(url, endpoint):
    assert endpoint_of(url) == endpoint


@pytest.mark.parametrize("url", ["", "http://broker", "mqtt://", "mqtt://user:geheim@broker:99999", "mqtt://b:port"])
def test_a_bad_url_is_refused_without_repeating_it(url):
    with pytest.raises(Invalid) as refused:
        endpoint_of(url)
    assert "geheim" not in str(refused.value)


def test_no_way_of_showing_an_endpoint_shows_the_password():
    endpoint = endpoint_of("mqtts://user:geheim@broker:1")
    assert str(endpoint) == "mqtts://broker:1"
    assert "geheim" not in repr(endpoint) + str(endpoint)
    assert "user" not in repr(endpoint) + str(endpoint).replace("username", "")
