"""Our own Mosquitto as a child: it serves whom it should, and comes back on the same port with the same data."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiomqtt
import msgspec
import pytest

from services.cli import broker as brokers
from services.cli.broker import Broker
from services.cli.broker_access import read_accounts
from services.cli.exits import CommandError
from services.cli.mosquitto_package import program_in
from services.cli.mosquitto_program import find_or_unpack_mosquitto, user_cache
from services.cli.output import Output
from services.cli.ports import any_free
from services.cli.probes import BrokerAddress, broker_answers
from services.cli.supervisor import Supervisor
from shared.settings import BrokerSettings

QUIET_FOR = 0.3
NODELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]


class Running:
    """A broker child and its supervisor."""

    def __init__(self, broker: Broker, supervisor: Supervisor) -> None:
        self.broker, self.supervisor = broker, supervisor
        self.address = broker.address

    @property
    def devices(self) -> BrokerAddress:
        accounts = read_accounts(Path(str(self.broker.shown["accounts"])))
        assert accounts is not None
        return replace(self.address, user="devices", password=accounts.devices)

    @property
    def nobody(self) -> BrokerAddress:
        return replace(self.address, user=None, password=None)


async def start(data: Path, settings: BrokerSettings) -> Running:
    broker = brokers.own(data, settings, port_is_chosen=True, say=lambda _: None)
    assert broker.unit is not None
    supervisor = Supervisor(Output(io.StringIO()))
    await supervisor.ready(supervisor.start(broker.unit), time.monotonic() + 15)
    return Running(broker, supervisor)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    started = await start(tmp_path, BrokerSettings(port=any_free()))
    yield started
    await started.supervisor.stop()


def client(address: BrokerAddress) -> aiomqtt.Client:
    return aiomqtt.Client(
        address.host, address.port, username=address.user, password=address.password, socket_options=NODELAY
    )


async def hears(listener: BrokerAddress, speaker: BrokerAddress, topic: str) -> bool:
    """A canary: does a message of the speaker reach the listener? (A denial is silent on both sides.)"""
    async with client(listener) as ear, client(speaker) as mouth:
        await ear.subscribe(topic, qos=1)
        await mouth.publish(topic, "canary", qos=1)
        try:
            async with asyncio.timeout(QUIET_FOR):
                async for _ in ear.messages:
                    return True
        except TimeoutError:
            return False
    return False


STATE, COMMAND, ASK = "jobwire/printer/mk4/state", "jobwire/printer/mk4/set", "jobwire/ask/printer_controller/command"


async def test_devices_hear_state_and_send_commands_and_forge_nothing(running: Running) -> None:
    assert await hears(running.devices, running.address, STATE)
    assert await hears(running.address, running.devices, COMMAND)
    assert await hears(running.address, running.devices, ASK)
    assert not await hears(running.address, running.devices, STATE)
    assert not await hears(running.devices, running.address, COMMAND)
    assert not await hears(running.address, running.devices, "elsewhere/x")


async def test_clients_without_a_name_have_the_rights_of_devices_on_this_machine(running: Running) -> None:
    assert await hears(running.nobody, running.address, STATE)
    assert await hears(running.address, running.nobody, COMMAND)
    assert not await hears(running.address, running.nobody, STATE)
    assert not await hears(running.nobody, running.address, COMMAND)


async def test_discovery_is_open_to_devices_in_both_directions(running: Running) -> None:
    assert await hears(running.devices, running.devices, "homeassistant/status")


async def test_a_wrong_password_is_refused(running: Running) -> None:
    assert await broker_answers(replace(running.address, password="wrong")) in (0x86, 0x87)


async def test_clients_without_a_name_stay_outside_when_they_are_not_let_in(tmp_path: Path) -> None:
    started = await start(tmp_path, BrokerSettings(port=any_free(), anonymous=False))
    try:
        assert await broker_answers(started.nobody) != 0
        assert await broker_answers(started.address) == 0
    finally:
        await started.supervisor.stop()


def test_an_exposed_broker_lets_nobody_in_without_a_name(tmp_path: Path) -> None:
    settings = BrokerSettings(port=any_free(), expose=True)
    broker = brokers.own(tmp_path, settings, port_is_chosen=False, say=lambda _: None)
    config = (tmp_path / "broker" / "mosquitto.conf").read_text()
    assert broker.shown["host"] == "0.0.0.0"
    assert "allow_anonymous false" in config
    assert (tmp_path / "broker" / "acl").read_text().startswith("user jobwire\n")


async def test_a_killed_broker_comes_back_with_its_retained_state(running: Running) -> None:
    child = running.supervisor.children["broker"]
    async with client(running.address) as mouth:
        await mouth.publish(STATE, "kept", qos=1, retain=True)
    await asyncio.sleep(2.5)  # it saves every second or two (mosquitto.conf(5), autosave_interval)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    end = time.monotonic() + 10
    while await brokers.why_not_ready(running.address) is not None:
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
    async with client(running.nobody) as ear:
        await ear.subscribe(STATE, qos=1)
        async with asyncio.timeout(5):
            async for message in ear.messages:
                assert (message.payload, message.retain) == (b"kept", True)
                break
    assert child.ends == 1


async def test_an_orderly_stop_keeps_everything_and_the_accounts(tmp_path: Path) -> None:
    settings = BrokerSettings(port=any_free())
    first = await start(tmp_path, settings)
    async with client(first.address) as mouth:
        await mouth.publish(STATE, "kept", qos=1, retain=True)
    await first.supervisor.stop()
    second = await start(tmp_path, settings)
    try:
        assert second.address == first.address
        async with client(second.devices) as ear:
            await ear.subscribe(STATE, qos=1)
            async with asyncio.timeout(5):
                message = await anext(aiter(ear.messages))
        assert message.payload == b"kept"
    finally:
        await second.supervisor.stop()


async def test_its_files_are_for_their_owner_alone(running: Running) -> None:
    folder = Path(str(running.broker.shown["accounts"])).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    for name in ("mosquitto.conf", "passwd", "acl", "accounts.json"):
        assert (folder / name).stat().st_mode & 0o077 == 0, name


async def test_a_taken_default_port_gives_the_next_one_and_a_chosen_one_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = BrokerSettings(port=taken.getsockname()[1])
        said: list[str] = []
        broker = brokers.own(tmp_path, settings, port_is_chosen=False, say=said.append)
        assert broker.address.port > settings.port
        assert said == [f"port {settings.port} is in use; the broker listens on {broker.address.port}"]
        for exposed, chosen in ((False, True), (True, False)):
            wanted = msgspec.structs.replace(settings, expose=exposed)
            with pytest.raises(CommandError, match=rf"port {settings.port} on .* is in use"):
                brokers.own(tmp_path, wanted, port_is_chosen=chosen, say=said.append)


async def test_a_given_broker_is_used_when_it_lets_us_in_and_named_when_not(running: Running) -> None:
    await brokers.require_given(running.address)
    with pytest.raises(CommandError, match=r"refuses us \(user name or password\)") as refused:
        await brokers.require_given(replace(running.address, password="wrong"))
    assert refused.value.exit == 4


async def test_a_given_broker_that_does_not_answer_is_not_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers, "GIVEN_WITHIN", 0.1)
    port = any_free()
    with pytest.raises(CommandError, match=f"127.0.0.1:{port} cannot be reached") as failed:
        await brokers.require_given(BrokerAddress("127.0.0.1", port))
    assert failed.value.exit == 3


def test_the_program_is_found_again_without_fetching_it(tmp_path: Path) -> None:
    first = find_or_unpack_mosquitto(user_cache())
    again = find_or_unpack_mosquitto(user_cache(), say=lambda text: pytest.fail(text))
    assert again == first
    assert again.version >= (2, 0)


def test_a_configured_program_that_is_none_is_wrong_use() -> None:
    with pytest.raises(CommandError, match="/bin/true is no Mosquitto") as refused:
        find_or_unpack_mosquitto(user_cache(), program="/bin/true")
    assert refused.value.exit == 2


def test_without_a_way_to_get_one_a_sentence_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("services.cli.mosquitto_program.PLACES", ())
    with pytest.raises(
        CommandError, match=r"get Mosquitto with .* or name an existing broker with --broker-url"
    ) as failed:
        find_or_unpack_mosquitto(tmp_path / "cache")
    assert failed.value.exit == 2
    assert program_in(tmp_path / "cache") is None
