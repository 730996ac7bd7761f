"""The topic catalogue: the only place where topics are built and parsed.

Subscriptions, the broker's access lists, the AsyncAPI document and the table in the docs are made from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shared.contracts import files, messages, printers, runs
from shared.errors import Invalid
from shared.identifiers import is_slug


class Kind(StrEnum):
    """What a topic is for; the rules of retaining and expiry follow from it."""

    STATE = "state"
    COMMAND = "command"
    EVENT = "event"
    ASK = "ask"
    ANSWER = "answer"
    PRESENCE = "presence"
    DEAD = "dead"


@dataclass(frozen=True)
class Topic:
    """One row of the catalogue.

    `template` is below the base, `{name}` stands for one level. `payload` is the struct (or union) on it; `answer` the
    struct that answers it. `producer` and `consumers` name services, `outside` means anybody else. `expiry` in seconds.
    """

    template: str
    kind: Kind
    payload: Any
    doc: str
    producer: str
    consumers: tuple[str, ...] = ()
    answer: Any = None
    qos: int = 1
    expiry: int | None = None
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.template))
        object.__setattr__(self, "_pattern", re.compile(pattern))

    @property
    def retain(self) -> bool:
        """State and presence are retained; commands, requests, answers and events never are."""
        return self.kind in (Kind.STATE, Kind.PRESENCE)

    def build(self, base: str, **levels: str) -> str:
        """The concrete topic. Raises `Invalid` for a level that is not a slug."""
        for name, level in levels.items():
            if not is_slug(level):
                raise Invalid(
                    f"{level!r} cannot be a {name}: use letters, digits, '_' and '-', at most 64", code="bad_name"
                )
        return f"{base}/{self.template.format(**levels)}"

    def filter(self, base: str, **levels: str) -> str:
        """The subscription filter: `+` for every level that is not given."""
        return f"{base}/" + re.sub(r"{(\w+)}", lambda m: levels.get(m[1], "+"), self.template)

    def parse(self, base: str, topic: str) -> dict[str, str] | None:
        """The levels of a concrete topic, or None when it is another topic."""
        if not topic.startswith(base + "/"):
            return None
        match = self._pattern.fullmatch(topic[len(base) + 1 :])
        return match.groupdict() if match else None


GATEWAY = "gateway"
PRINTER_CONTROLLER = "printer_controller"
ANYBODY = "*"
OUTSIDE = "outside"

SERVICE_PRESENCE = Topic(
    "service/{service}/{instance}", Kind.PRESENCE, messages.Presence,
    "Which services run; the last will says `lost`.", ANYBODY, (GATEWAY, OUTSIDE),
)  # fmt: skip
PRINTER_STATE = Topic(
    "printer/{printer}/state", Kind.STATE, printers.PrinterState,
    "The printer's state in OctoPrint's words.", PRINTER_CONTROLLER, (GATEWAY, OUTSIDE),
)  # fmt: skip
PRINTER_JOB = Topic(
    "printer/{printer}/job", Kind.STATE, printers.PrinterJob,
    "The selected file and its progress, at most twice a second.", PRINTER_CONTROLLER, (GATEWAY, OUTSIDE),
)  # fmt: skip
PRINTER_TEMPERATURE = Topic(
    "printer/{printer}/temperature", Kind.STATE, printers.PrinterTemperature,
    "Temperatures, at most once a second.", PRINTER_CONTROLLER, (GATEWAY, OUTSIDE),
)  # fmt: skip
PRINTER_AVAILABLE = Topic(
    "printer/{printer}/available", Kind.STATE, str,
    "`online` while the printer can take commands, else `offline`.", PRINTER_CONTROLLER, (GATEWAY, OUTSIDE),
)  # fmt: skip
PRINTER_SET = Topic(
    "printer/{printer}/set", Kind.COMMAND, printers.PrinterCommand,
    "Commands for one printer, as JSON or as one word (`pause`).", OUTSIDE, (PRINTER_CONTROLLER,),
    answer=printers.CommandDone,
)  # fmt: skip
RUN = Topic(
    "run/{run}", Kind.STATE, runs.Run,
    "The run record, kept for a day after its end.", PRINTER_CONTROLLER, (GATEWAY, OUTSIDE), expiry=None,
)  # fmt: skip
EVENT = Topic(
    "event/{service}/{name}", Kind.EVENT, messages.Event,
    "The log of what happened.", ANYBODY, (GATEWAY, OUTSIDE),
)  # fmt: skip
ANSWER = Topic(
    "answer/{client}", Kind.ANSWER, messages.Answer,
    "Answers to one client's requests.", ANYBODY, (ANYBODY,), expiry=30,
)  # fmt: skip
DEAD = Topic(
    "dead/{service}", Kind.DEAD, messages.DeadLetter,
    "What could not be decoded or handled, with the reason.", ANYBODY, (OUTSIDE,),
)  # fmt: skip


def _ask(verb: str, request: Any, answer: Any, doc: str) -> Topic:
    return Topic(
        f"ask/{PRINTER_CONTROLLER}/{verb}",
        Kind.ASK,
        request,
        doc,
        GATEWAY,
        (PRINTER_CONTROLLER,),
        answer=answer,
        expiry=10,
    )


COMMAND_PRINTER = _ask("command", printers.PrinterCommand, printers.CommandDone, "Any printer command, with an answer.")
READ_CONNECTION = _ask(
    "read_connection", printers.ReadConnection, printers.ConnectionOptions, "Ports and rates on offer."
)
ANNOUNCE = _ask("announce", printers.Announce, printers.Announced, "Publish all retained state again.")
ADD_FILE = _ask("add_file", files.AddFile, files.FileAdded, "Make a stored blob a print file.")
CREATE_FOLDER = _ask("create_folder", files.CreateFolder, files.FolderCreated, "Make a folder.")
LIST_FILES = _ask("list_files", files.ListFiles, files.FileList, "A page of files and folders.")
READ_FILE = _ask("read_file", files.ReadFile, files.FileRead, "One file or folder.")
DELETE_FILE = _ask("delete_file", files.DeleteFile, files.FileDeleted, "Remove a file or folder.")
COPY_FILE = _ask("copy_file", files.CopyFile, files.FilePlaced, "Copy a file or folder.")
MOVE_FILE = _ask("move_file", files.MoveFile, files.FilePlaced, "Move or rename a file or folder.")
ANALYSE_FILE = _ask("analyse_file", files.AnalyseFile, files.AnalysisWanted, "Analyse a file again.")
READ_BLOB_USE = _ask("read_blob_use", files.ReadBlobUse, files.BlobUse, "Which blobs are still needed.")

CATALOGUE: tuple[Topic, ...] = (
    SERVICE_PRESENCE,
    PRINTER_STATE,
    PRINTER_JOB,
    PRINTER_TEMPERATURE,
    PRINTER_AVAILABLE,
    PRINTER_SET,
    RUN,
    EVENT,
    COMMAND_PRINTER,
    READ_CONNECTION,
    ANNOUNCE,
    ADD_FILE,
    CREATE_FOLDER,
    LIST_FILES,
    READ_FILE,
    DELETE_FILE,
    COPY_FILE,
    MOVE_FILE,
    ANALYSE_FILE,
    READ_BLOB_USE,
    ANSWER,
    DEAD,
)
