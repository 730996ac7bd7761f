"""The bodies of OctoPrint's application keys (recorded from OctoPrint 1.11.8); here names are in snake case."""

from __future__ import annotations

import msgspec


class Asked(msgspec.Struct, kw_only=True):
    """201 of POST /plugin/appkeys/request; `auth_dialog` is a page for people."""

    app_token: str
    auth_dialog: str


class Awaiting(msgspec.Struct, kw_only=True):
    """202 of the poll, with a body: one client reads JSON from every answer but a 404."""

    message: str = "Awaiting decision"


class Granted(msgspec.Struct, kw_only=True):
    """200 of the poll."""

    api_key: str


class Generated(msgspec.Struct, kw_only=True):
    """200 of the command `generate`."""

    user_id: str
    app_id: str
    api_key: str


class Pending(msgspec.Struct, kw_only=True):
    """A request without a decision."""

    app_id: str
    remote_address: str
    user_id: str | None
    user_token: str


class Key(msgspec.Struct, kw_only=True):
    """An application that has a key."""

    app_id: str
    user_id: str


class Listing(msgspec.Struct, kw_only=True):
    """GET /api/plugin/appkeys; `pending` by user token."""

    keys: list[Key]
    pending: dict[str, Pending]


class OneKey(msgspec.Struct, kw_only=True):
    """GET /api/plugin/appkeys?app=…: whether that application has a key."""

    key: Key
