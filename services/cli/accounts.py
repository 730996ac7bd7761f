"""`jobwire key`, `account`, `appkey` and `claim`: the gateway owns the accounts, so its own command does the work."""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import IO

from services.cli.commands import settings_of
from services.cli.services import module


def key_create(parsed: argparse.Namespace) -> int:
    """A key for an account, which is made before when a role is given."""
    if parsed.role is not None:
        made = _ask(parsed, "account", "create", parsed.name, "--role", parsed.role, talk=sys.stderr)
        if made != 0:
            return made
    return _ask(parsed, "key", "create", "--account", parsed.name, "--label", parsed.label)


def key_list(parsed: argparse.Namespace) -> int:
    """All keys, without their secret part."""
    return _ask(parsed, "key", "list")


def key_revoke(parsed: argparse.Namespace) -> int:
    """End a key."""
    return _ask(parsed, "key", "revoke", parsed.id)


def account_create(parsed: argparse.Namespace) -> int:
    """A new account."""
    password = ["--password-stdin"] if parsed.password_stdin else []
    return _ask(parsed, "account", "create", parsed.name, "--role", parsed.role, *password)


def account_list(parsed: argparse.Namespace) -> int:
    """All accounts."""
    return _ask(parsed, "account", "list")


def appkey_list(parsed: argparse.Namespace) -> int:
    """The applications that wait for a key."""
    return _ask(parsed, "appkey", "list")


def appkey_approve(parsed: argparse.Namespace) -> int:
    """Give an application its key."""
    account = ["--account", parsed.account] if parsed.account else []
    return _ask(parsed, "appkey", "approve", parsed.id, *account)


def appkey_deny(parsed: argparse.Namespace) -> int:
    """Turn an application away."""
    return _ask(parsed, "appkey", "deny", parsed.id)


def claim_list(parsed: argparse.Namespace) -> int:
    """The clients that wait for the gateway's button."""
    return _ask(parsed, "claim", "list")


def claim_approve(parsed: argparse.Namespace) -> int:
    """Press it."""
    user = ["--user", parsed.user] if parsed.user else []
    return _ask(parsed, "claim", "approve", *user)


def _ask(parsed: argparse.Namespace, *arguments: str, talk: IO[str] | None = None) -> int:
    """The exit code of the gateway's own command with the same settings; `talk` is for people, so it is text."""
    _, environ = settings_of(parsed)
    as_json = ["--json"] if parsed.json and talk is None else []
    command = module("gateway", *arguments, *as_json)
    return subprocess.run(command, env=environ, stdout=talk, check=False).returncode  # noqa: S603
