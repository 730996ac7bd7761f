"""Where a setting was given, for the sentence about a wrong one: its variable, or the file with the line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

SettingPath = tuple[str, ...]  # of an entry in a list of tables: ("printer[2]", "port"), counted from 1

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_ASSIGNMENT = re.compile(r"\s*([\w.\"' -]+?)\s*=")


@dataclass(frozen=True)
class Places:
    """`variables` by the path of the setting they set; `text` is that of the file."""

    file: Path | None = None
    text: str = ""
    variables: Mapping[SettingPath, str] = field(default_factory=dict)

    def of(self, path: SettingPath) -> str:
        """What a sentence about this setting begins with."""
        return self.variables.get(path) or self.table(path)

    def of_member(self, path: SettingPath, members: tuple[str, ...], sentence: str) -> str:
        """The same for a sentence about the table `path`: the variable of a member that the sentence names."""
        for member in members:
            variable = self.variables.get((*path, member))
            if variable is not None and re.search(rf"\b{member}\b", sentence):
                return variable
        return self.table(path)

    def table(self, path: SettingPath) -> str:
        """The same, without a look at the variables."""
        name = ".".join(path)
        if self.file is None:
            return name or "the settings"
        number = _line_in(self._lines, path)
        return ": ".join(part for part in (str(self.file) + (f" line {number}" if number else ""), name) if part)

    @cached_property
    def _lines(self) -> Mapping[SettingPath, int]:
        """Read once: there may be ten thousand tables."""
        return _lines(self.text)


def line_of(text: str, path: SettingPath) -> int | None:
    """The line of a TOML text in which the setting is given, else that of the nearest table around it; from 1 on."""
    return _line_in(_lines(text), path)


def _line_in(lines: Mapping[SettingPath, int], path: SettingPath) -> int | None:
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _lines(text: str) -> dict[SettingPath, int]:
    """The first line of each setting and table, as far as they are written one a line."""
    lines: dict[SettingPath, int] = {}
    counts: dict[SettingPath, int] = {}
    table: SettingPath = ()
    for number, line in enumerate(text.splitlines(), 1):
        header, assignment = _HEADER.match(line), _ASSIGNMENT.match(line)
        if header is not None:
            table = _numbered(_parts(header[2]), counts, begins=header[1] == "[[")
            lines.setdefault(table, number)
        elif assignment is not None:
            lines.setdefault((*table, *_parts(assignment[1])), number)
    return lines


def _numbered(name: SettingPath, counts: dict[SettingPath, int], *, begins: bool) -> SettingPath:
    """The name with the numbers of the entries it stands in; `begins` another entry of its own list."""
    if begins:
        counts[name] = counts.get(name, 0) + 1
    parts = (name[:length] for length in range(1, len(name) + 1))
    return tuple(f"{part[-1]}[{counts[part]}]" if part in counts else part[-1] for part in parts)


def _parts(name: str) -> SettingPath:
    return tuple(part.strip().strip("\"'") for part in name.split("."))
