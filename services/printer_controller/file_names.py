"""The one rule for names of print files and folders, for every way a name can come in: a safe path, or a refusal.

A path is relative, with `/`, in Unicode normal form C, and says nothing to a file system: the bytes are stored by
digest. Names that could hide or mislead (control and direction characters, `..`, back-slashes) are refused; characters
that other systems forbid become `_`; blanks and other scripts stay. Percent-encodings are ordinary characters here.
"""

from __future__ import annotations

import re
import unicodedata

from shared.errors import Invalid, NotFound
from shared.print_files import MACHINE_CODE

LONGEST_NAME = 200  # bytes in UTF-8: below the 255 of the usual file systems, also with an added suffix
LONGEST_PATH = 1000  # bytes in UTF-8
DEEPEST = 16  # folders, the file included

_FORBIDDEN_ELSEWHERE = re.compile(r'[:*?"<>|]')
_DEVICE = re.compile(r"^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)", re.IGNORECASE)
_MISLEADING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


def file_path(folder: str, name: str) -> str:
    """The canonical path of the file `name` in `folder`.

    Raises `Invalid` with code `invalid_type` when it is not machine code, `bad_name` for any other fault.
    """
    path = _joined(folder, segment(name))
    if extension(path) not in MACHINE_CODE:
        raise Invalid("Could not upload file, invalid type", code="invalid_type")
    return path


def folder_path(folder: str, name: str = "") -> str:
    """The canonical path of the folder `name` in `folder`; both empty mean the root. Raises `Invalid` (`bad_name`)."""
    return _joined(folder, segment(name)) if name else _joined(folder)


def wanted_path(path: str) -> str:
    """The canonical path of a file or folder that is to be. Raises `Invalid` (`bad_name`)."""
    return _joined(path)


def stored_path(path: str) -> str:
    """The canonical form of a path somebody asks for, so that it finds what `file_path` made of the same text.

    Raises `NotFound` for a path that no file can have.
    """
    try:
        return _joined(path)
    except Invalid:
        raise NotFound(f"There is no file {path[:LONGEST_NAME]!r}") from None


def segment(name: str) -> str:
    """One safe level of a path. Applying it twice changes nothing. Raises `Invalid` (`bad_name`)."""
    if len(name) > 5 * LONGEST_NAME:
        raise _bad(f"a name cannot be longer than {LONGEST_NAME} bytes")
    if "/" in name or "\\" in name:
        raise _bad("a name cannot hold '/' or '\\'")
    text = unicodedata.normalize("NFC", name)
    _refuse_misleading(text)
    text = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text if unicodedata.category(c) != "Cf")
    text = unicodedata.normalize("NFC", _FORBIDDEN_ELSEWHERE.sub("_", text)).strip(" .")
    if not text:
        raise _bad("a name needs a letter or digit")
    if _DEVICE.match(text):
        text = f"_{text}"
    if len(text.encode()) > LONGEST_NAME:
        raise _bad(f"a name cannot be longer than {LONGEST_NAME} bytes")
    return text


def shown(name: str) -> str:
    """The name as people see it: as it was sent, without what could mislead. Raises `Invalid` (`bad_name`)."""
    text = unicodedata.normalize("NFC", name)
    _refuse_misleading(text)
    return text.strip()


def check_size(path: str) -> None:
    """Raises `Invalid` (`bad_name`) for a canonical path that is too deep or too long."""
    if path.count("/") >= DEEPEST:
        raise _bad(f"folders cannot be deeper than {DEEPEST} levels")
    if len(path.encode()) > LONGEST_PATH:
        raise _bad(f"a path cannot be longer than {LONGEST_PATH} bytes")


def key(path: str) -> str:
    """What makes a path unique: twins in case or normal form have the same key (Unicode's canonical caseless match)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def parent(path: str) -> str:
    """The folder of a path; empty at the root."""
    return path.rpartition("/")[0]


def last(path: str) -> str:
    """The name at the end of a path."""
    return path.rpartition("/")[2]


def parents(path: str) -> list[str]:
    """All folders above a path, the outermost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def extension(path: str) -> str:
    """The extension in lower case, without the dot; empty when there is none."""
    stem, dot, end = last(path).rpartition(".")
    return end.lower() if dot and stem else ""


def _joined(folder: str, *names: str) -> str:
    """`folder` may begin and end with `/`, as some slicers send it: it is below our root all the same."""
    if len(folder) > 5 * LONGEST_PATH:
        raise _bad(f"a path cannot be longer than {LONGEST_PATH} bytes")
    path = "/".join([segment(part) for part in folder.split("/") if part] + list(names))
    check_size(path)
    return path


def _refuse_misleading(text: str) -> None:
    for character in text:
        if character in _MISLEADING or unicodedata.category(character) in _REFUSED_CATEGORIES:
            raise _bad("a name cannot hold control or direction characters")


def _bad(reason: str) -> Invalid:
    return Invalid(f"Can not upload file, invalid file name: {reason}", code="bad_name")
