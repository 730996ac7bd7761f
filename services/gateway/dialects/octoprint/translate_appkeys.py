"""Application keys in OctoPrint's words, and the addresses a request is answered with. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from services.gateway.callers.app_keys import Wish
from services.gateway.callers.application_keys import AppKeyRequest, AppKeyShown
from services.gateway.dialects.octoprint import wire_appkeys as wire

PATH = "/plugin/appkeys"


def asked(token: str, wanted: Wish, base: str) -> tuple[wire.Asked, str]:
    """201 of a request, and its `Location`; `base` is the public address of the mount.

    Clients take the last segment of the location, or all of it, to poll with.
    """
    user = f"?user={quote(wanted.user, safe='')}" if wanted.user else ""
    body = wire.Asked(app_token=token, auth_dialog=f"{base}{PATH}/auth/{token}{user}")
    return body, f"{base}{PATH}/request/{token}"


def listing(keys: Iterable[AppKeyShown], waiting: Iterable[AppKeyRequest]) -> wire.Listing:
    """The applications that have a key, and those that wait for one."""
    return wire.Listing(keys=[key(shown) for shown in keys], pending={one.id: _pending(one) for one in waiting})


def key(shown: AppKeyShown) -> wire.Key:
    """One application that has a key."""
    return wire.Key(app_id=shown.application, user_id=shown.account)


def _pending(request: AppKeyRequest) -> wire.Pending:
    return wire.Pending(
        app_id=request.application, remote_address=request.address, user_id=request.user, user_token=request.id
    )
