"""The tables that the printer controller owns. Rows hold keys, states and times; what travels are the contracts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, String, Text, false
from sqlmodel import Field, SQLModel

from services.printer_controller.analysis.result import FileAnalysis
from shared.columns import StructColumn, UtcDateTime
from shared.contracts.files import FileThumbnail, GcodeAnalysis
from shared.contracts.runs import Run

# Keys are compared and sorted by their bytes, on every database.
KEY = String().with_variant(String(collation="C"), "postgresql")


class FileRow(SQLModel, table=True):
    """One print file. `key` is `file_names.key(path)`, so that no two files differ only in case or normal form.

    `by_admin`: an administrator uploaded this content under this name.
    """

    __tablename__ = "print_file"
    model_config = {"arbitrary_types_allowed": True}

    key: str = Field(primary_key=True, sa_type=KEY)
    path: str = Field(sa_type=Text)
    folder_key: str = Field(index=True, sa_type=KEY)
    name: str = Field(sa_type=Text)
    display: str = Field(default="", sa_type=Text)
    digest: str = Field(default="", index=True, sa_type=String)
    size: int = Field(default=0, sa_type=BigInteger)
    sha1: str = Field(default="", sa_type=String)
    date: int = Field(default=0, sa_type=BigInteger)  # Unix seconds
    user: str | None = Field(default=None, sa_type=String)
    successes: int = 0
    failures: int = 0
    seconds_total: float = 0.0  # of the prints that ended well
    last_print_time: float | None = None  # seconds of the newest of them
    last_date: float | None = None  # Unix seconds; of the newest print, however it ended
    last_success: bool | None = None
    last_seconds: float | None = None
    userdata: dict[str, Any] | None = Field(default=None, sa_type=StructColumn(dict[str, Any]))
    by_admin: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class AnalysisSummary(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The part of an analysis that listings show."""

    analysis: GcodeAnalysis
    thumbnails: list[FileThumbnail] = []


class AnalysisRow(SQLModel, table=True):
    """What one content says, whatever files have it. Either `result` and `summary` are there, or the `reason` why not.

    `version` is that of the analysis that made it.
    """

    __tablename__ = "file_analysis"
    model_config = {"arbitrary_types_allowed": True}

    digest: str = Field(primary_key=True, sa_type=String)
    version: int
    result: FileAnalysis | None = Field(default=None, sa_type=StructColumn(FileAnalysis))
    summary: AnalysisSummary | None = Field(default=None, sa_type=StructColumn(AnalysisSummary))
    reason: str | None = Field(default=None, sa_type=Text)


class FolderRow(SQLModel, table=True):
    """One folder; also the folders that only an upload into them made."""

    __tablename__ = "print_folder"

    key: str = Field(primary_key=True, sa_type=KEY)
    path: str = Field(sa_type=Text)
    folder_key: str = Field(index=True, sa_type=KEY)
    name: str = Field(sa_type=Text)
    display: str = Field(sa_type=Text)
    date: int = Field(sa_type=BigInteger)  # Unix seconds


class PrinterRow(SQLModel, table=True):
    """What a printer remembers: the selected file, what a client saved for connecting, and whether it needs care.

    `unsafe` is true from the moment a print was lost until the after-crash script has run.
    """

    __tablename__ = "printer"

    id: str = Field(primary_key=True, sa_type=String)
    instance: str = Field(sa_type=String)
    selected: str | None = Field(default=None, sa_type=KEY)
    selected_by: str | None = Field(default=None, sa_type=String)
    saved_port: str | None = Field(default=None, sa_type=Text)
    saved_baudrate: int | None = None
    saved_autoconnect: bool | None = None
    unsafe: bool = False


class RunRow(SQLModel, table=True):
    """One print. `record` is what everybody sees; the rest is what its end needs.

    `cancelling` is true once a cancel was committed; `announced` while the retained record may stand on the broker.
    """

    __tablename__ = "run"
    model_config = {"arbitrary_types_allowed": True}

    id: str = Field(primary_key=True, sa_type=String)
    printer: str = Field(index=True, sa_type=String)
    record: Run = Field(sa_type=StructColumn(Run))
    ended_at: datetime | None = Field(default=None, index=True, sa_type=UtcDateTime)
    file_key: str = Field(sa_type=KEY)
    digest: str = Field(index=True, sa_type=String)
    size: int = Field(sa_type=BigInteger)
    cancelling: bool = False
    announced: bool = True


class JournalRow(SQLModel, table=True):
    """Where a printer's newest run was: kept after a crash, so that a print can be continued from it.

    `modal` is the printer's modal state (units, positions, tool, fan, …) as JSON.
    """

    __tablename__ = "journal"

    printer: str = Field(primary_key=True, sa_type=String)
    run: str = Field(sa_type=String)
    line: int = Field(default=0, sa_type=BigInteger)
    position: int = Field(default=0, sa_type=BigInteger)
    modal: str = Field(default="{}", sa_type=Text)
    updated_at: datetime = Field(sa_type=UtcDateTime)
