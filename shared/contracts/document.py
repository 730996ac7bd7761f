"""The table of topics in the docs, made from the catalogue: `python -m shared.contracts.document > docs/topics.md`."""

from __future__ import annotations

import sys
import types
from typing import Any, get_args

from shared.contracts.topics import CATALOGUE, Topic

_INTRODUCTION = """\
# Topics

This page is made from the catalogue in `shared/contracts/topics.py` by `just docs`; a test fails when they differ.
`<base>` is `jobwire` unless configured. State and presence are retained; commands, requests, answers and events never
are.

- A command that is retained, has expired or cannot be understood does not act: whoever asked is answered, everybody
  hears the event `command_refused` with the reason in plain words, and the message goes to `<base>/dead/<service>`.
- State is its owner's last word, true together with the owner's presence. While that is `lost`, the gateways keep
  `available` at `offline`; the owner has the last word as soon as it is back.
- On the broker that `jobwire up` runs, clients without a name and the account `devices` read everything except commands
  (`…/set`) and requests (`ask/…`), which they may only write: `mosquitto_sub -t '#'` does not show those.
- A message of more than 2 MiB reaches nobody: the broker that `jobwire up` runs ends the connection it comes over.

| topic | kind | payload | answer | from | to | what |
|---|---|---|---|---|---|---|
"""


def _name(payload: Any) -> str:
    if payload is None:
        return ""
    if isinstance(payload, types.UnionType):
        return "one of " + ", ".join(f"`{member.__name__}`" for member in get_args(payload))
    return "text" if payload is str else f"`{payload.__name__}`"


def _services(names: tuple[str, ...]) -> str:
    words = {"*": "every service", "outside": "anybody"}
    return ", ".join(words.get(name, name) for name in names)


def row(topic: Topic) -> str:
    """One line of the table."""
    template = topic.template.replace("{", "<").replace("}", ">")
    cells = (
        f"`<base>/{template}`",
        topic.kind,
        _name(topic.payload),
        _name(topic.answer),
        _services((topic.producer,)),
        _services(topic.consumers),
        topic.doc,
    )
    return "| " + " | ".join(cells) + " |"


def document() -> str:
    """The whole page."""
    return _INTRODUCTION + "\n".join(row(topic) for topic in CATALOGUE) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
