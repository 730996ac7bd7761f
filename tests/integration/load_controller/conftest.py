"""Load controllers as processes on a real broker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.broker import BrokerHandle, running_broker


@pytest.fixture
def broker() -> Iterator[BrokerHandle]:
    with running_broker("mosquitto") as started:
        yield started
