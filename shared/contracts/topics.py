"""The topic catalogue: the only place where topics are built and parsed.

Subscriptions, the broker's access lists, the AsyncAPI document and the table in the docs are made from it.
"""

from __future__ import annotations

from typing import Any

from shared.contracts import files, load_topics, messages, printers, runs
from shared.contracts.topic import ANYBODY as ANYBODY
from shared.contracts.topic import GATEWAY as GATEWAY
from shared.contracts.topic import OUTSIDE as OUTSIDE
from shared.contracts.topic import Kind as Kind
from shared.contracts.topic import Topic as Topic
from shared.contracts.topic import ask

PRINTER_CONTROLLER = "printer_controller"

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
PRINTER_LOG = Topic(
    "printer/{printer}/log", Kind.EVENT, printers.PrinterLog,
    "Lines sent and received, while somebody asks for them.", PRINTER_CONTROLLER, (GATEWAY, OUTSIDE), qos=0,
)  # fmt: skip
PRINTER_AVAILABLE = Topic(
    "printer/{printer}/available", Kind.STATE, str,
    "`online` while the printer can take commands, else `offline`; a gateway says `offline` for a lost controller.",
    PRINTER_CONTROLLER, (GATEWAY, OUTSIDE),
)  # fmt: skip
PRINTER_SET = Topic(
    "printer/{printer}/set", Kind.COMMAND, printers.PrinterCommand,
    "Commands for one printer, as JSON or as one word (`pause`).", OUTSIDE, (PRINTER_CONTROLLER,),
    answer=printers.CommandDone,
)  # fmt: skip
RUN = Topic(
    "run/{run}", Kind.STATE, runs.Run,
    "The run record, kept for a day after its end.", ANYBODY, (GATEWAY, OUTSIDE), expiry=None,
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
    return ask(PRINTER_CONTROLLER, verb, request, answer, doc)


COMMAND_PRINTER = _ask("command", printers.PrinterCommand, printers.CommandDone, "Any printer command, with an answer.")
READ_CONNECTION = _ask(
    "read_connection", printers.ReadConnection, printers.ConnectionOptions, "Ports and rates on offer."
)
FOLLOW_LOG = _ask("follow_log", printers.FollowLog, printers.LogFollowed, "Publish a printer's log for a while.")
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
    PRINTER_LOG,
    PRINTER_AVAILABLE,
    PRINTER_SET,
    RUN,
    EVENT,
    COMMAND_PRINTER,
    READ_CONNECTION,
    FOLLOW_LOG,
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
    *load_topics.CATALOGUE,
    ANSWER,
    DEAD,
)
