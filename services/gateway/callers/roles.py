"""What each role may do: one table, closed by default."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """The three roles an account can have."""

    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"


class Permission(StrEnum):
    """What a route may ask for, in the words of OctoPrint's permissions; `ACCOUNTS` is our own."""

    STATUS = "status"
    CONNECTION = "connection"
    PRINT = "print"
    CONTROL = "control"
    FILES_LIST = "files_list"
    FILES_UPLOAD = "files_upload"
    FILES_SELECT = "files_select"
    FILES_DELETE = "files_delete"
    FILES_DOWNLOAD = "files_download"
    SETTINGS_READ = "settings_read"
    SYSTEM = "system"
    ACCOUNTS = "accounts"


_LOOKS = frozenset(
    {Permission.STATUS, Permission.FILES_LIST, Permission.FILES_DOWNLOAD, Permission.SETTINGS_READ},
)
_EVERYTHING = frozenset(Permission)

PERMISSIONS = MappingProxyType(
    {
        Role.VIEWER: _LOOKS,
        Role.OPERATOR: _EVERYTHING - {Permission.SYSTEM, Permission.ACCOUNTS},
        Role.ADMIN: _EVERYTHING,
    }
)
