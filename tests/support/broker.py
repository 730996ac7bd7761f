"""Brokers for tests: every one that this machine has, each on its own port with its own data, gone afterwards.

In order: `JOBWIRE_TEST_BROKER_URL`, a Mosquitto of this machine (or one unpacked for this user), and a container when
an engine answers and has the image (`JOBWIRE_TEST_BROKER_IMAGE`). Only those started here can be killed.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

URL = os.environ.get("JOBWIRE_TEST_BROKER_URL")
IMAGE = os.environ.get("JOBWIRE_TEST_BROKER_IMAGE", "eclipse-mosquitto:2")
READY_WITHIN = 15.0
# An MQTT 3.1.1 CONNECT of client "ready", and the first byte of its CONNACK (MQTT 3.1.1, 3.1 and 3.2).
_CONNECT = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x0a\x00\x05ready"
_CONNACK = 0x20


class BrokerHandle(Protocol):
    """A running broker. A frozen one keeps its sockets and answers nothing."""

    name: str

    @property
    def url(self) -> str: ...

    def kill(self) -> None: ...

    def restart(self) -> None: ...

    def freeze(self, frozen: bool = True) -> None: ...

    def stop(self) -> None: ...


def configuration(port: int, data: str, *, address: str = "127.0.0.1", user: str | None = None) -> str:
    """What `jobwire up` gives Mosquitto, without accounts."""
    lines = [
        f"listener {port} {address}",
        "allow_anonymous true",
        f"persistence_location {data}/",
        "persistence true",
        "autosave_interval 1",
        "set_tcp_nodelay true",
        "max_inflight_messages 100",
        "max_queued_messages 100000",
        "max_packet_size 8388608",
        "persistent_client_expiration 14d",
        "log_dest stdout",
        "log_type error",
        "connection_messages false",
    ]
    return "\n".join(lines + ([f"user {user}"] if user else [])) + "\n"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_ready(port: int, within: float = READY_WITHIN) -> None:
    """Until the broker answers CONNECT: an open socket is not enough. Raises TimeoutError."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
            probe.sendall(_CONNECT)
            if probe.recv(4)[:1] == bytes([_CONNACK]):
                return
        time.sleep(0.02)
    raise TimeoutError(f"no broker answers on port {port}")


@dataclass
class GivenBroker:
    """The broker of `JOBWIRE_TEST_BROKER_URL`: used, never touched."""

    url: str
    name: str = "url"

    def kill(self) -> None:
        """Refused."""
        raise AssertionError("a given broker is not touched; use a fixture of started ones")

    def restart(self) -> None:
        """Refused."""
        self.kill()

    def freeze(self, frozen: bool = True) -> None:
        """Refused."""
        self.kill()

    def stop(self) -> None:
        return None


@dataclass
class MosquittoBroker:
    """A Mosquitto of ours as a child process."""

    program: list[str]
    env: dict[str, str]
    name: str = "mosquitto"
    port: int = field(default_factory=free_port)
    _folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="jobwire-broker-")))
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        settings = self._folder / "mosquitto.conf"
        user = "root" if os.geteuid() == 0 else None  # else it would change to a user who cannot write here
        settings.write_text(configuration(self.port, str(self._folder), user=user))
        self._process = subprocess.Popen(
            [*self.program, "-c", str(settings)],
            env={**os.environ, **self.env},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        wait_ready(self.port)

    def kill(self) -> None:
        """SIGKILL; what was not saved is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def restart(self) -> None:
        """Start again with the same data and port."""
        self.start()

    def freeze(self, frozen: bool = True) -> None:
        """SIGSTOP, or SIGCONT."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def stop(self) -> None:
        """End it and remove its data."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


@dataclass
class ContainerBroker:
    """Mosquitto in a container with the same settings."""

    image: str = IMAGE
    name: str = "container"
    port: int = field(default_factory=free_port)
    _folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="jobwire-broker-")))
    _container: Any = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        from testcontainers.core.container import DockerContainer

        settings = self._folder / "mosquitto.conf"
        settings.write_text(configuration(1883, "/mosquitto/data", address="0.0.0.0"))
        settings.chmod(0o644)
        self._folder.chmod(0o755)
        container = DockerContainer(self.image).with_bind_ports(1883, self.port)
        self._container = container.with_volume_mapping(str(settings), "/mosquitto/config/mosquitto.conf", "ro")
        self._container.start()
        wait_ready(self.port)

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()

    def restart(self) -> None:
        self._container.get_wrapped_container().start()
        wait_ready(self.port)

    def freeze(self, frozen: bool = True) -> None:
        wrapped = self._container.get_wrapped_container()
        wrapped.pause() if frozen else wrapped.unpause()

    def stop(self) -> None:
        if self._container is not None:
            self._container.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def _mosquitto() -> MosquittoBroker:
    from services.cli.mosquitto_program import find_or_unpack_mosquitto, user_cache

    found = find_or_unpack_mosquitto(user_cache())
    return MosquittoBroker([str(found.path)], found.env)


@functools.cache
def _container_gap() -> str | None:
    """Why there is no container broker here, or None when there is one."""
    try:
        import docker  # type: ignore[import-untyped]

        engine = docker.from_env(timeout=3)
        engine.ping()
    except Exception as error:
        return f"no container engine answers ({type(error).__name__})"
    try:
        engine.images.get(IMAGE)
    except Exception:
        return f"the container engine has no image {IMAGE}; `docker pull {IMAGE}` adds it"
    return None


STARTED: dict[str, Callable[[], MosquittoBroker | ContainerBroker]] = {
    "mosquitto": _mosquitto,
    "container": ContainerBroker,
}


def started_brokers() -> list[str]:
    """The names of the brokers that can be started here, and so be killed."""
    return ["mosquitto"] + ([] if _container_gap() else ["container"])


def all_brokers() -> list[str]:
    """The names of all brokers to run a contract against."""
    return ([] if URL is None else ["url"]) + started_brokers()


def describe_brokers() -> list[str]:
    """For the header of a test run: what is used and what is left out."""
    gap = _container_gap()
    lines = [f"brokers: {', '.join(all_brokers())}"]
    return lines + ([f"brokers left out: container: {gap}"] if gap else [])


@contextlib.contextmanager
def running_broker(name: str) -> Iterator[BrokerHandle]:
    """The broker of that name, started, and stopped afterwards."""
    if name == "url":
        assert URL is not None
        yield GivenBroker(URL)
        return
    broker = STARTED[name]()
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
