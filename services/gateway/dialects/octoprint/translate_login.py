"""Accounts in OctoPrint's words: groups, roles and needs. Pure."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType

from services.gateway.callers.accounts import AccountShown
from services.gateway.callers.identity import Identity
from services.gateway.callers.roles import PERMISSIONS, Role
from services.gateway.dialects.octoprint import wire

_GROUPS = MappingProxyType({Role.ADMIN: ["admins", "users"], Role.OPERATOR: ["users"], Role.VIEWER: ["readonly"]})
_ROLES = MappingProxyType({Role.ADMIN: ["user", "admin"], Role.OPERATOR: ["user"], Role.VIEWER: ["user"]})


def login_record(identity: Identity, session: str, mechanism: str, now: datetime) -> wire.Login:
    """200 of POST /api/login; `mechanism` is `apikey`, `session` or `password`."""
    return wire.Login(
        credentials_seen=now.isoformat(timespec="seconds"),
        login_mechanism=mechanism,
        admin=identity.role is Role.ADMIN,
        groups=_GROUPS[identity.role],
        name=identity.name,
        needs={"group": _GROUPS[identity.role], "role": _needs(identity.role)},
        roles=_ROLES[identity.role],
        session=session,
    )


def current_user(identity: Identity) -> wire.CurrentUser:
    """200 of GET /api/currentuser."""
    return wire.CurrentUser(groups=_GROUPS[identity.role], name=identity.name, permissions=_needs(identity.role))


def user_record(account: AccountShown) -> wire.User:
    """One account of GET /api/access/users."""
    role = Role(account.role)
    return wire.User(
        admin=role is Role.ADMIN,
        groups=_GROUPS[role],
        name=account.name,
        needs={"group": _GROUPS[role], "role": _needs(role)},
        roles=_ROLES[role],
    )


def _needs(role: Role) -> list[str]:
    names = sorted(str(permission) for permission in PERMISSIONS[role])
    return ["admin", *names] if role is Role.ADMIN else names
