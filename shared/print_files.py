"""Which files can be print files at all: by their names, and by their first bytes."""

from __future__ import annotations

MACHINE_CODE = ("gcode", "gco", "g")

BINARY_GCODE = (
    "This is binary G-code (.bgcode). Switch off 'Supports binary G-code' in the printer settings of PrusaSlicer, "
    "or export as plain .gcode, and upload it again."
)
ARCHIVE = "This is an archive (.3mf or .ufp) and not G-code. Export the sliced plate as plain .gcode and upload that."
COMPRESSED = "This file is compressed. Unpack it and upload the plain .gcode."

_BEGINNINGS = {b"GCDE": BINARY_GCODE, b"PK\x03\x04": ARCHIVE, b"\x1f\x8b": COMPRESSED}
_ENDINGS = {".bgcode": BINARY_GCODE, ".bgc": BINARY_GCODE, ".3mf": ARCHIVE, ".ufp": ARCHIVE}


def refusal(name: str, head: bytes = b"") -> str | None:
    """Why the file `name`, beginning with the bytes `head`, cannot be printed; null when nothing speaks against it.

    The first bytes are libbgcode's magic number (doc/specifications.md) and those of ZIP and gzip. Binary G-code is not
    decoded: the Python packages that can are an unreleased C++ library's one-person binding and a young in-memory
    reader, both under licences that would bind all of Jobwire.
    """
    for beginning, sentence in _BEGINNINGS.items():
        if head.startswith(beginning):
            return sentence
    return next((sentence for ending, sentence in _ENDINGS.items() if name.lower().endswith(ending)), None)
