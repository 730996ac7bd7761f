"""The command line of `jobwire`: every command, its options, and where the code of each is."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from services.cli.exits import Exit
from services.cli.loads_arguments import add_loads

EPILOG = """Exit codes: 0 done, 1 failed, 2 wrong use, 3 not reachable, 4 refused, 5 timed out.
Every setting can also come from the environment (JOBWIRE_…) or a file (--config); docs/settings.md lists them."""

ROLES = ("admin", "operator", "viewer")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        """End with code 2."""
        choice = re.search(r"argument (?:COMMAND|ACTION): invalid choice: '?([^' ]*)'? \(choose from (.*)\)", message)
        if choice is not None:
            message = f"unknown command {choice[1]!r}{_nearest(choice[1], choice[2])}"
        self.exit(Exit.WRONG_USE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _nearest(word: str, choices: str) -> str:
    from shared.settings_loading import nearest

    return nearest(word, re.findall(r"[\w-]+", choices))


def parser() -> Parser:
    """The whole command line; `run` of the parsed arguments is `module:function`."""
    root = Parser(prog="jobwire", description="One job bus for homes, workshops and small fleets.", epilog=EPILOG)
    root.formatter_class = argparse.RawDescriptionHelpFormatter
    root.add_argument("--version", action="store_true", help="print the version and end")
    commands = root.add_subparsers(metavar="COMMAND", title="commands", parser_class=Parser)
    _add_up(commands)
    _add_status(commands)
    _add_watch(commands)
    _add_key(commands)
    _add_account(commands)
    _add_appkey(commands)
    _add_claim(commands)
    add_loads(commands)
    _add_rest(commands)
    return root


def _add_up(commands: argparse._SubParsersAction[Parser]) -> None:
    up = commands.add_parser("up", help="start the broker and all services, and stop them with Ctrl-C")
    up.set_defaults(run="commands:up")
    _place(up)
    up.add_argument("--host", help="address the gateway listens on (127.0.0.1)")
    up.add_argument("--port", type=_port, help="port of the gateway (8080; 0: any free one)")
    up.add_argument("--broker-port", type=_port, metavar="PORT", help="port of our own broker (1883)")
    up.add_argument("--broker-url", metavar="URL", help="use this existing broker: mqtt://user:password@host:1883")
    up.add_argument("--broker", metavar="mosquitto|URL", help="our own Mosquitto, whatever is configured; or a URL")
    up.add_argument("--log-format", choices=("text", "json"), help="text for people (the default), or JSON lines")
    up.add_argument("--quiet", action="store_true", help="only say that it is ready, and what goes wrong")


def _add_status(commands: argparse._SubParsersAction[Parser]) -> None:
    status = commands.add_parser("status", help="what runs, whether it is ready, and where MQTT is")
    status.set_defaults(run="commands:status")
    _place(status)
    status.add_argument("--json", action="store_true", help="one JSON object instead of text")


def _add_watch(commands: argparse._SubParsersAction[Parser]) -> None:
    watch = commands.add_parser("watch", help="follow topics on MQTT")
    watch.set_defaults(run="commands:watch")
    _place(watch)
    watch.add_argument("filter", nargs="*", help="topic filters (all of ours: jobwire/#)")
    watch.add_argument("--broker-url", metavar="URL", help="the broker (that of the running system)")
    watch.add_argument("--json", action="store_true", help="one JSON object a line: topic, payload, retained")
    watch.add_argument("--count", type=_positive, metavar="N", help="end after N messages")
    watch.add_argument("--within", type=float, metavar="SECONDS", help="give up (exit 5) when it takes longer")


def _add_key(commands: argparse._SubParsersAction[Parser]) -> None:
    key = commands.add_parser("key", help="make, list and revoke API keys")
    actions = key.add_subparsers(metavar="ACTION", title="actions", required=True, parser_class=Parser)
    create = _account_action(actions, "create", "key", "make a key and show it once")
    create.add_argument("--name", default="admin", help="the account it is for (%(default)s)")
    create.add_argument("--role", choices=ROLES, help="make the account first, with this role")
    create.add_argument("--label", default="", help="what it is for, for people")
    _account_action(actions, "list", "key", "the keys, without their secret part")
    revoke = _account_action(actions, "revoke", "key", "make a key worthless")
    revoke.add_argument("id", help="the id that `jobwire key list` shows")


def _add_account(commands: argparse._SubParsersAction[Parser]) -> None:
    account = commands.add_parser("account", help="make and list accounts")
    actions = account.add_subparsers(metavar="ACTION", title="actions", required=True, parser_class=Parser)
    create = _account_action(actions, "create", "account", "make an account")
    create.add_argument("name", help="its name")
    create.add_argument("--role", choices=ROLES, default="operator", help="what it may do (%(default)s)")
    create.add_argument("--password-stdin", action="store_true", help="read its password from standard input")
    _account_action(actions, "list", "account", "the accounts and their roles")


def _add_appkey(commands: argparse._SubParsersAction[Parser]) -> None:
    appkey = commands.add_parser("appkey", help="let applications in that ask for a key")
    actions = appkey.add_subparsers(metavar="ACTION", title="actions", required=True, parser_class=Parser)
    _account_action(actions, "list", "appkey", "the applications that wait for a key now")
    approve = _account_action(actions, "approve", "appkey", "give one its key")
    approve.add_argument("id", help="the id that `jobwire appkey list` shows, or its beginning")
    approve.add_argument("--account", metavar="NAME", help="whose key (the account it asks for, else admin)")
    deny = _account_action(actions, "deny", "appkey", "turn one away")
    deny.add_argument("id", help="the id that `jobwire appkey list` shows, or its beginning")


def _add_claim(commands: argparse._SubParsersAction[Parser]) -> None:
    claim = commands.add_parser("claim", help="press the button that lets a Wiser client in")
    actions = claim.add_subparsers(metavar="ACTION", title="actions", required=True, parser_class=Parser)
    _account_action(actions, "list", "claim", "the clients that wait for the button now")
    approve = _account_action(actions, "approve", "claim", "let in the one that has waited longest")
    approve.add_argument("user", nargs="?", help="the one that claims this account")


def _account_action(
    actions: argparse._SubParsersAction[Parser], name: str, subject: str, what: str
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=what)
    action.set_defaults(run=f"accounts:{subject}_{name}")
    action.add_argument("--json", action="store_true", help="answer in JSON")
    _place(action)
    return action


def _add_rest(commands: argparse._SubParsersAction[Parser]) -> None:
    migrate = commands.add_parser("migrate", help="bring the databases of all services up to date")
    migrate.set_defaults(run="commands:migrate")
    settings = commands.add_parser("settings", help="the settings in effect, secrets masked")
    settings.set_defaults(run="commands:settings")
    for command in (migrate, settings):
        _place(command)
    commands.add_parser("virtual-printer", help="run the virtual printer on its own", add_help=False)


def _place(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", metavar="DIR", help="folder for everything that is kept (jobwire-data)")
    command.add_argument("--config", metavar="FILE", help="a jobwire.toml")


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)
