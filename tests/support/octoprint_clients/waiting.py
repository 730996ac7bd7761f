"""What a person beside the client does, and how long the client's tests wait. For a gateway at any address."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

WITHIN = 30.0
GCODE = b"G28\n" + b"".join(b"G1 X%d Y10 F600\n" % (10 + 10 * (number % 2)) for number in range(400))


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until `condition()` holds; AssertionError with `what` when it does not in time. Blocks: not for the loop."""
    end = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < end, f"still waiting: {what}"
        time.sleep(0.05)


def let_in(url: str, key: str, application: str) -> None:
    """Grant the waiting application its key, as an administrator with `key` does. Blocks."""
    with httpx.Client(base_url=url, headers={"X-Api-Key": key}) as admin:

        def waiting() -> list[str]:
            pending = admin.get("/api/plugin/appkeys").json()["pending"]
            return [token for token, request in pending.items() if request["app_id"] == application]

        until(lambda: bool(waiting()), f"the request of {application}")
        (token,) = waiting()
        answer = admin.post(f"/plugin/appkeys/decision/{token}", json={"decision": True})
        assert answer.status_code == 204, answer.text
