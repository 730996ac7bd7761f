"""User scripts: what they may do they do through the host; what else they try is stopped, and nobody suffers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.load_controller.scripts import confinement
from services.load_controller.scripts.host import ScriptHost
from shared.clock import SystemClock
from shared.errors import NotFound, Refused
from shared.load_settings import ScriptSettings


class Actions:
    """Notes what scripts ask for; load 99 does not exist."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    async def do(self, script: str, name: str, arguments: dict[str, Any]) -> Any:
        self.asked.append((script, name, arguments))
        if arguments.get("load") == 99:
            raise NotFound("load 99 not found")
        return {"state": {"bri": 4000}, "trigger": "run-1", "flag": True}.get(name)


@pytest.fixture
def actions() -> Actions:
    return Actions()


@pytest.fixture
async def host(actions: Actions) -> AsyncIterator[ScriptHost]:
    opened = ScriptHost(ScriptSettings(allowed=True, seconds=1.0, memory=64), actions, SystemClock())
    yield opened
    await opened.close()


async def test_a_button_reaches_the_script_and_its_wishes_reach_the_house(host: ScriptHost, actions: Actions) -> None:
    text = """
async def onButtonEvent(event, type, smartbutton_id):
    if not await house.flag("absent"):
        return
    state = await house.state(1)
    await house.set(2, bri=state["bri"] + 1)
    await house.ctrl(3, "up")
    assert await house.trigger(20) == "run-1"
    await house.set_flag("absent", False)
    await house.log(f"{event} {type} {smartbutton_id}")
"""
    assert await host.run("hall", text, "onButtonEvent", "click", "up", 7) is None
    assert [(name, arguments) for _, name, arguments in actions.asked] == [
        ("flag", {"symbol": "absent"}),
        ("state", {"load": 1}),
        ("set", {"load": 2, "target": {"bri": 4001}}),
        ("ctrl", {"load": 3, "button": "up", "event": "click"}),
        ("trigger", {"job": 20}),
        ("set_flag", {"symbol": "absent", "value": False}),
        ("log", {"text": "click up 7"}),
    ]


async def test_what_a_script_prints_last_is_heard(host: ScriptHost, actions: Actions) -> None:
    assert await host.run("talker", "async def onStart():\n    print('last', 'words')", "onStart") is None
    assert actions.asked == [("talker", "log", {"text": "last words"})]


async def test_a_script_without_the_entry_point_does_nothing(host: ScriptHost) -> None:
    assert await host.run("empty", "x = 1", "onButtonEvent", "click", None, 1) is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("def f(:\n", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("async def onStart():\n    raise ValueError('so not')", "ValueError: so not"),
        ("async def onStart():\n    await house.set(99, bri=1)", "RuntimeError: load 99 not found"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("async def onStart():\n    raise KeyboardInterrupt", "KeyboardInterrupt"),
    ],
)
async def test_the_last_line_of_the_traceback_comes_back(host: ScriptHost, text: str, error: str) -> None:
    found = await host.run("wrong", text, "onStart")
    assert found is not None
    assert found.startswith(error)


@pytest.mark.parametrize(
    "attack",
    [
        "open('/etc/passwd').read()",
        "open('/tmp/written-by-a-script', 'w')",
        "import os; os.listdir('/')",
        "import os; os.remove('/tmp/nothing')",
        "import socket; socket.create_connection(('127.0.0.1', 1883), 1)",
        "import _socket; _socket.socket()",
        "import os; os.fork()",
        "import os; os.execv('/bin/sh', ['sh'])",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.kill(1, 9)",
        "import os; os.kill(os.getppid(), 9)",
        "import ctypes; 1 / (ctypes.CDLL(None).system(b'true') == 0)",
        "import threading; threading.Thread(target=print).start()",
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (9999, 9999))",
    ],
)
async def test_files_network_and_other_processes_are_out_of_reach(host: ScriptHost, attack: str) -> None:
    error = await host.run("attack", f"{attack}\n", "onStart")
    assert error is not None


@pytest.mark.parametrize(
    "text", ["while True:\n    pass", "x = 'a' * (10 ** 10)", "x = []\nwhile True:\n    x.append(bytearray(1000000))"]
)
async def test_an_endless_loop_and_a_memory_hog_are_stopped_at_their_limits(host: ScriptHost, text: str) -> None:
    begun = time.monotonic()
    error = await host.run("hog", text, "onStart")
    assert error is not None
    assert error.startswith(("TimeoutError", "MemoryError"))
    assert time.monotonic() - begun < 30


async def test_a_flood_of_wishes_ends(host: ScriptHost, actions: Actions) -> None:
    error = await host.run("flood", "async def onStart():\n    while True:\n        await house.log('x')", "onStart")
    assert error is not None
    assert len(actions.asked) <= 1000


async def test_a_line_of_a_megabyte_ends_the_script(host: ScriptHost) -> None:
    text = "async def onStart():\n    await house.set(1, bri='x' * 1000000)"
    assert await host.run("long", text, "onStart") is not None


async def test_a_started_script_keeps_its_memory_until_it_is_stopped(host: ScriptHost, actions: Actions) -> None:
    text = """
count = 0
async def onStart():
    global count
    count = 10
async def onCronEvent():
    global count
    count += 1
    await house.log(str(count))
async def onStop():
    await house.log("bye")
"""
    assert await host.start("cron", text) is None
    assert host.is_running("cron")
    for _ in range(2):
        assert await host.run("cron", text, "onCronEvent") is None
    assert await host.stop("cron") is None
    assert not host.is_running("cron")
    assert [arguments["text"] for _, _, arguments in actions.asked] == ["11", "12", "bye"]


async def test_no_secret_of_ours_is_in_its_environment(
    host: ScriptHost, actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBWIRE_ADMIN_KEY", "not-for-scripts")
    text = "import os\nasync def onStart():\n    await house.log(repr(dict(os.environ)))"
    assert await host.run("nosy", text, "onStart") is None
    assert "not-for-scripts" not in actions.asked[0][2]["text"]


async def test_where_scripts_are_off_none_runs() -> None:
    off = ScriptHost(ScriptSettings(), Actions(), SystemClock())
    with pytest.raises(Refused) as caught:
        await off.run("any", "x = 1", "onStart")
    assert caught.value.code == "scripts_off"


async def test_several_scripts_run_side_by_side(host: ScriptHost) -> None:
    text = "import asyncio\nasync def onStart():\n    await asyncio.sleep(0.2)"
    assert await asyncio.gather(*(host.run(f"s{n}", text, "onStart") for n in range(4))) == [None] * 4


def test_this_machine_can_confine_scripts_or_says_why() -> None:
    assert confinement.why_not() is None or "Linux" in str(confinement.why_not())
