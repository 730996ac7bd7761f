"""The bodies of OctoPrint's API, field by field as OctoPrint 1.11.8 sends them (recorded from the real server)."""

from __future__ import annotations

from typing import Any

import msgspec


class Sent(msgspec.Struct, kw_only=True, rename="camel"):
    """A body we send: every field is there, null where there is nothing."""


class Version(Sent, kw_only=True):
    """GET /api/version."""

    api: str
    server: str
    text: str


class Server(Sent, kw_only=True, rename="lower"):
    """GET /api/server."""

    safemode: str | None = None
    version: str


class NoFile(Sent, kw_only=True):
    """`job.file` while nothing has been selected yet."""

    date: int | None = None
    name: str | None = None
    origin: str | None = None
    path: str | None = None
    size: int | None = None


class SelectedFile(NoFile, kw_only=True):
    """`job.file` once something was selected, also after it was deselected again: with `display`."""

    display: str | None = None


class FilamentUse(Sent, kw_only=True):
    """Millimetres and cm³."""

    length: float | None = None
    volume: float | None = None


class NoJob(Sent, kw_only=True):
    """`job` while nothing has been selected yet: no `averagePrintTime`, and a flat filament."""

    estimated_print_time: float | None = None
    filament: FilamentUse | dict[str, FilamentUse] | None = None
    file: NoFile
    last_print_time: float | None = None
    user: str | None = None


class Job(NoJob, kw_only=True):
    """`job` once something was selected; the filament is per tool."""

    average_print_time: float | None = None


class Progress(Sent, kw_only=True):
    """`completion` in percent 0..100, times in whole seconds."""

    completion: float | None = None
    filepos: int | None = None
    print_time: int | None = None
    print_time_left: int | None = None
    print_time_left_origin: str | None = None


class JobInformation(Sent, kw_only=True, omit_defaults=True):
    """GET /api/job; `error` only when there is one."""

    job: NoJob
    progress: Progress
    state: str
    error: str = ""


class Flags(Sent, kw_only=True):
    """All eleven of them, always."""

    cancelling: bool = False
    closed_or_error: bool = False
    error: bool = False
    finishing: bool = False
    operational: bool = False
    paused: bool = False
    pausing: bool = False
    printing: bool = False
    ready: bool = False
    resuming: bool = False
    sd_ready: bool = False


class StateShown(Sent, kw_only=True):
    """`state` of GET /api/printer."""

    error: str = ""
    flags: Flags
    text: str


class Temperature(Sent, kw_only=True):
    """Degrees Celsius."""

    actual: float | None = None
    offset: float = 0
    target: float | None = None


class Connection(Sent, kw_only=True):
    """`current` of GET /api/connection."""

    baudrate: int | None = None
    port: str | None = None
    printer_profile: str = "_default"
    state: str


class Profile(Sent, kw_only=True):
    """A printer profile by name: there is one."""

    id: str = "_default"
    name: str = "Default"


class ConnectionChoices(Sent, kw_only=True):
    """`options` of GET /api/connection."""

    baudrate_preference: int | None = None
    baudrates: list[int]
    port_preference: str | None = None
    ports: list[str]
    printer_profile_preference: str = "_default"
    printer_profiles: list[Profile] = msgspec.field(default_factory=lambda: [Profile()])


class EarlyConnection(Sent, kw_only=True):
    """`current` of GET /api/control/connection (2013): no profiles yet."""

    baudrate: int | None = None
    port: str | None = None
    state: str


class EarlyConnectionChoices(Sent, kw_only=True):
    """`options` of GET /api/control/connection (2013)."""

    autoconnect: bool = True
    baudrate_preference: int | None = None
    baudrates: list[int]
    port_preference: str | None = None
    ports: list[str]


class CurrentUser(Sent, kw_only=True):
    """GET /api/currentuser."""

    groups: list[str]
    name: str
    permissions: list[str]


class User(Sent, kw_only=True):
    """An account as /api/access/users shows it."""

    active: bool = True
    admin: bool
    apikey: str | None = None
    groups: list[str]
    name: str
    needs: dict[str, list[str]]
    permissions: list[str] = []
    roles: list[str]
    settings: dict[str, Any] = {}
    user: bool = True


class Login(msgspec.Struct, kw_only=True):
    """200 of a login; three names begin with an underscore on the wire."""

    credentials_seen: str = msgspec.field(name="_credentials_seen")
    is_external_client: bool = msgspec.field(name="_is_external_client", default=False)
    login_mechanism: str = msgspec.field(name="_login_mechanism")
    active: bool = True
    admin: bool
    apikey: str | None = None
    groups: list[str]
    name: str
    needs: dict[str, list[str]]
    permissions: list[str] = []
    roles: list[str]
    session: str
    settings: dict[str, Any] = {}
    user: bool = True
