"""The options of `jobwire load`, `jobwire loadjob` and `jobwire button`."""

from __future__ import annotations

import argparse
from typing import Any

SECTIONS = ("run", "ctrl", "setflags", "execute", "trigger")
BUTTONS = ("on", "off", "up", "down", "toggle", "stop")
EVENTS = ("click", "press", "release")

Commands = Any  # argparse's own type for this is private, and generic in the parser


def add_loads(commands: Commands) -> None:
    """Add the three commands."""
    load = _actions(commands, "load", "lights, blinds and heating: list them, set them, press their buttons")
    _action(load, "load", "list", "all loads with what they reported last")
    setting = _action(load, "load", "set", "a target state: ON, OFF, TOGGLE, 50%%, OPEN, CLOSE, STOP, or bri=5000")
    setting.add_argument("id", type=int, help="the load")
    setting.add_argument("target", nargs="+", help="a word, or attributes as bri=5000 ct=2700")
    control = _action(load, "load", "ctrl", "press one of its buttons")
    control.add_argument("id", type=int, help="the load")
    control.add_argument("button", choices=BUTTONS)
    control.add_argument("event", choices=EVENTS, nargs="?", default="click")
    job = _actions(commands, "loadjob", "jobs of loads: list and run them")
    _action(job, "loadjob", "list", "all jobs")
    running = _action(job, "loadjob", "run", "run a job, or one of its sections")
    running.add_argument("id", type=int, help="the job")
    running.add_argument("section", choices=SECTIONS, nargs="?", default="trigger")
    running.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    button = _actions(commands, "button", "smart buttons: list and press them")
    _action(button, "button", "list", "all smart buttons and their jobs")
    press = _action(button, "button", "press", "press one, as a finger would")
    press.add_argument("id", type=int, help="the smart button")
    press.add_argument("event", choices=EVENTS, nargs="?", default="click")
    press.add_argument("side", choices=("up", "down"), nargs="?", help="the side of a rocker")


def _actions(commands: Commands, name: str, what: str) -> Commands:
    command = commands.add_parser(name, help=what)
    return command.add_subparsers(metavar="ACTION", title="actions", required=True, parser_class=type(command))


def _action(actions: Commands, subject: str, name: str, what: str) -> argparse.ArgumentParser:
    action: argparse.ArgumentParser = actions.add_parser(name, help=what)
    action.set_defaults(run=f"loads:{subject}_{name}")
    action.add_argument("--json", action="store_true", help="answer in JSON")
    action.add_argument("--data", metavar="DIR", help="folder for everything that is kept (jobwire-data)")
    action.add_argument("--config", metavar="FILE", help="a jobwire.toml")
    action.add_argument("--broker-url", metavar="URL", help="the broker (that of the running system)")
    return action
