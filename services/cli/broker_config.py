"""The configuration of our own Mosquitto, written anew at each start into the data folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from services.cli.broker_access import Accounts, acl_lines, password_lines
from services.cli.data_folder import write_private
from shared.load_settings import LoadSettings

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 (only with broker.expose)
MAX_PACKET = 8 * 1024 * 1024


@dataclass(frozen=True)
class Listening:
    """Where the broker listens and whom it lets in; `base` is the first part of every topic.

    The devices of `loads` have their own topics.
    """

    port: int
    base: str
    host: str = LOOPBACK
    websocket_port: int | None = None
    anonymous: bool = False
    loads: tuple[LoadSettings, ...] = ()


def config_lines(folder: Path, listening: Listening, *, as_root: bool, plugin: Path | None) -> list[str]:
    """`mosquitto.conf`. A value reaches to the end of its line, so there are no comments behind values.

    TCP_NODELAY on both ends: without it an answer takes 42 to 86 ms instead of one. The limits are said because their
    defaults differ between 2.0 and 2.1 or drop messages in silence.
    """
    return [
        *(["user root"] if as_root else []),
        f"listener {listening.port} {listening.host}",
        *_websockets(listening),
        f"allow_anonymous {str(listening.anonymous).lower()}",
        f"password_file {folder / 'passwd'}",
        f"acl_file {folder / 'acl'}",
        f"persistence_location {folder}/",
        *_persistence(plugin),
        "set_tcp_nodelay true",
        "max_inflight_messages 100",
        "max_queued_messages 100000",
        f"max_packet_size {MAX_PACKET}",
        "persistent_client_expiration 14d",
        "sys_interval 10",
        "log_dest stdout",
        "log_timestamp_format %H:%M:%S",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "connection_messages false",
    ]


def _websockets(listening: Listening) -> list[str]:
    if listening.websocket_port is None:
        return []
    return [f"listener {listening.websocket_port} {listening.host}", "protocol websockets"]


def _persistence(plugin: Path | None) -> list[str]:
    """The plugin of 2.1 keeps every acknowledged message (2.1 refuses both ways at once); 2.0 saves every second."""
    if plugin is None:
        return ["persistence true", "autosave_interval 1"]
    return [f"plugin {plugin}", "plugin_opt_sync normal", "plugin_opt_flush_period 0"]


def write_config(folder: Path, listening: Listening, accounts: Accounts, *, plugin: Path | None) -> Path:
    """Write configuration, password file and access list, readable by this user alone; the path of the first."""
    files = {
        "passwd": password_lines(accounts),
        "acl": acl_lines(listening.base, anonymous=listening.anonymous, loads=listening.loads),
        "mosquitto.conf": config_lines(folder, listening, as_root=os.geteuid() == 0, plugin=plugin),
    }
    for name, lines in files.items():
        write_private(folder / name, "\n".join(lines) + "\n")
    return folder / "mosquitto.conf"
