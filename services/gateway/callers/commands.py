"""`python -m services.gateway key …`, `account …`, `appkey …`, `claim …`: accounts by hand, while the gateway runs."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from typing import TextIO

import msgspec
from sqlalchemy.exc import DBAPIError

from services.gateway.callers import accounts, app_key_commands, claim_commands, first_admin, proofs
from services.gateway.callers.app_key_commands import Command, Done
from services.gateway.callers.roles import Role
from shared.clock import Clock, SystemClock
from shared.errors import Invalid, JobError, NotFound
from shared.settings import SettingsError, load_settings
from shared.store import Store

SUBJECTS = ("key", "account", "appkey", "claim")


class KeyCreated(msgspec.Struct, kw_only=True):
    """A new key; it is shown here and never again."""

    id: str
    account: str
    label: str
    key: str


def run(argv: Sequence[str], out: TextIO = sys.stdout, err: TextIO = sys.stderr) -> int:
    """Run one command; 0, or 1 with one sentence on stderr, or 2 for a command line or setting that makes no sense."""
    options = _parser().parse_args(argv)
    try:
        settings = load_settings(os.environ)
        answer = asyncio.run(_with_store(options, Store.open(settings, "gateway")))
    except SettingsError as error:
        print(f"jobwire: {error}", file=err)
        return 2
    except JobError as error:
        print(f"jobwire: {error.message}", file=err)
        return 1
    except DBAPIError:
        print("jobwire: the gateway's database is not there yet: start it once, or run migrate", file=err)
        return 1
    print(_shown(answer, as_json=options.json), file=out)
    return 0


async def _with_store(options: argparse.Namespace, store: Store) -> object:
    command: Command = options.command
    try:
        return await command(options, store, SystemClock())
    finally:
        await store.close()


async def create_key(options: argparse.Namespace, store: Store, clock: Clock) -> KeyCreated:
    """A new key for an account."""
    key = proofs.new_key()
    async with store.transaction() as tx:
        account = await accounts.find_account(tx, options.account)
        if account is None:
            raise NotFound(f"There is no account {options.account!r}")
        row = await accounts.create_key(tx, account, key, options.label, now=clock.now())
        return KeyCreated(id=row.id, account=account.name, label=row.label, key=key)


async def list_keys(_: argparse.Namespace, store: Store, __: Clock) -> list[accounts.KeyShown]:
    """All keys, without the keys themselves."""
    async with store.reading() as tx:
        return await accounts.list_keys(tx)


async def revoke_key(options: argparse.Namespace, store: Store, clock: Clock) -> Done:
    """End a key."""
    async with store.transaction() as tx:
        await accounts.revoke_key(tx, options.id, now=clock.now())
    return Done("The key is revoked; it stops working within 2 s")


async def create_account(options: argparse.Namespace, store: Store, clock: Clock) -> Done:
    """A new account, with a password from standard input if asked for."""
    password = None
    if options.password_stdin:
        text = await asyncio.to_thread(sys.stdin.readline)
        password = await asyncio.to_thread(_stored, text.rstrip("\r\n"))
    async with store.transaction() as tx:
        account = await accounts.create_account(
            tx, options.name, Role(options.role), now=clock.now(), password=password
        )
    return Done(f"The account {account.name!r} ({account.role}) is made")


async def list_accounts(_: argparse.Namespace, store: Store, __: Clock) -> list[accounts.AccountShown]:
    """All accounts."""
    async with store.reading() as tx:
        return await accounts.list_accounts(tx)


def _stored(password: str) -> str:
    if len(password) < accounts.SHORTEST_SECRET:
        raise Invalid(f"A password needs at least {accounts.SHORTEST_SECRET} characters")
    return proofs.stored_password(password)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.gateway", allow_abbrev=False)
    subjects = parser.add_subparsers(required=True)
    key = subjects.add_parser("key", help="keys of accounts").add_subparsers(required=True)
    create = _leaf(key, "create", create_key, "make a new key and show it once")
    create.add_argument("--account", default=first_admin.NAME, help="whose key (default: %(default)s)")
    create.add_argument("--label", default="", help="what it is for, for people")
    _leaf(key, "list", list_keys, "show all keys, without the keys themselves")
    _leaf(key, "revoke", revoke_key, "end a key").add_argument("id", help="the id that `list` shows")
    account = subjects.add_parser("account", help="accounts").add_subparsers(required=True)
    create = _leaf(account, "create", create_account, "make a new account")
    create.add_argument("name")
    create.add_argument("--role", choices=[str(role) for role in Role], default=str(Role.OPERATOR))
    create.add_argument("--password-stdin", action="store_true", help="read a password from standard input")
    _leaf(account, "list", list_accounts, "show all accounts")
    application = subjects.add_parser("appkey", help="applications that ask for a key").add_subparsers(required=True)
    _leaf(application, "list", app_key_commands.list_waiting, "show the applications that wait")
    approve = _leaf(application, "approve", app_key_commands.approve, "give one its key")
    approve.add_argument("id", help="the id that `list` shows, or its beginning")
    approve.add_argument("--account", help="whose key (default: the account it asks for, else the administrator)")
    deny = _leaf(application, "deny", app_key_commands.deny, "turn one away")
    deny.add_argument("id", help="the id that `list` shows, or its beginning")
    claim = subjects.add_parser("claim", help="clients that claim an account").add_subparsers(required=True)
    _leaf(claim, "list", claim_commands.list_waiting, "show the clients that wait for the button")
    press = _leaf(claim, "approve", claim_commands.approve, "press the button for the one that has waited longest")
    press.add_argument("--user", help="for the one that claims this account")
    return parser


def _leaf(parent: argparse._SubParsersAction, name: str, command: Command, what: str) -> argparse.ArgumentParser:  # type: ignore[type-arg]
    parser: argparse.ArgumentParser = parent.add_parser(name, help=what)
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(command=command)
    return parser


def _shown(answer: object, *, as_json: bool) -> str:
    if as_json:
        return msgspec.json.encode(answer).decode()
    rows = answer if isinstance(answer, list) else [answer]
    return "\n".join(_line(row) for row in rows)


def _line(row: object) -> str:
    if isinstance(row, Done):
        return row.done
    fields = msgspec.to_builtins(row)
    return "  ".join(f"{name}={value}" for name, value in fields.items() if value not in (None, ""))
