"""Names from clients: whatever is sent, the path stays below the root, says one thing, and is found again."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.printer_controller import file_names
from shared.errors import Invalid

ACCEPTED = {
    "benchy.gcode": "benchy.gcode",
    "Benchy 0.2mm.gcode": "Benchy 0.2mm.gcode",
    "Würfel 日本.gcode": "Würfel 日本.gcode",
    "Wu\u0308rfel.gcode": "W\u00fcrfel.gcode",
    "a:b*c?.gcode": "a_b_c_.gcode",
    '"quoted"<x>|y.gcode': "_quoted__x__y.gcode",
    "C:x.gcode": "C_x.gcode",
    "%2e%2e%2fetc.gcode": "%2e%2e%2fetc.gcode",
    "%252e.gcode": "%252e.gcode",
    ".hidden.gcode": "hidden.gcode",
    "  spaced.gcode  ": "spaced.gcode",
    "narrow\u00a0space.gcode": "narrow space.gcode",
    "con.gcode": "_con.gcode",
    "COM1.gcode": "_COM1.gcode",
    "lpt9 .gcode": "_lpt9 .gcode",
    "console.gcode": "console.gcode",
    "zero\u200bwidth.gcode": "zerowidth.gcode",
    "<script>alert(1)</script>.gcode".replace("/", ""): "_script_alert(1)_script_.gcode",
    "UPPER.GCODE": "UPPER.GCODE",
    "short.g": "short.g",
    "old.gco": "old.gco",
}

REFUSED = [
    "",
    ".",
    "..",
    " .. ",
    "...",
    "../x.gcode",
    "..\\x.gcode",
    "/etc/passwd.gcode",
    "C:\\x.gcode",
    "\\\\server\\share.gcode",
    "nul\x00.gcode",
    "line\nbreak.gcode",
    "carriage\r.gcode",
    "escape\x1b[31m.gcode",
    "delete\x7f.gcode",
    "c1\x9b.gcode",
    "right\u202eedocg.gcode",
    "isolate\u2066x.gcode",
    "mark\u200ex.gcode",
    "bom\ufeff.gcode",
    "separator\u2028.gcode",
    "half\ud800.gcode",
    "x" * 4096 + ".gcode",
    "ü" * 120 + ".gcode",
]


@pytest.mark.parametrize(("sent", "stored"), ACCEPTED.items())
def test_a_harmless_name_is_kept_as_far_as_it_is_safe(sent: str, stored: str) -> None:
    assert file_names.file_path("", sent) == stored


@pytest.mark.parametrize("sent", REFUSED)
def test_a_name_that_could_hide_or_escape_is_refused(sent: str) -> None:
    with pytest.raises(Invalid) as refused:
        file_names.file_path("", sent)
    assert refused.value.code == "bad_name"


@pytest.mark.parametrize("sent", ["x.exe", "x.gcode.exe", "gcode", ".gcode", "x.stl", "x.gcode/".rstrip("/") + ".zip"])
def test_a_file_that_is_no_machine_code_is_refused_with_octoprints_words(sent: str) -> None:
    with pytest.raises(Invalid, match="Could not upload file, invalid type") as refused:
        file_names.file_path("", sent)
    assert refused.value.code == "invalid_type"


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("", "x.gcode"),
        ("/", "x.gcode"),
        ("a/b", "a/b/x.gcode"),
        ("/a//b/", "a/b/x.gcode"),
        ("aux/b", "_aux/b/x.gcode"),
    ],
)
def test_folders_are_below_the_root_however_they_are_written(folder: str, path: str) -> None:
    assert file_names.file_path(folder, "x.gcode") == path


@pytest.mark.parametrize("folder", ["..", "a/../b", "a/./b", "a\\b", "/".join(["d"] * 30), "/".join(["d" * 90] * 12)])
def test_folders_that_escape_or_never_end_are_refused(folder: str) -> None:
    with pytest.raises(Invalid):
        file_names.file_path(folder, "x.gcode")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Part.gcode", "part.GCODE"),
        ("W\u00fcrfel.gcode", "Wu\u0308rfel.gcode"),
        ("stra\u00dfe.gcode", "STRASSE.gcode"),
        ("\u0130.gcode", "i\u0307.gcode"),
    ],
)
def test_twins_in_case_or_normal_form_are_the_same_file(one: str, other: str) -> None:
    assert file_names.key(file_names.file_path("", one)) == file_names.key(file_names.file_path("", other))


def test_what_is_shown_keeps_the_clients_own_characters() -> None:
    assert file_names.shown("a:b? .gcode") == "a:b? .gcode"


@given(st.text(max_size=300))
def test_no_name_whatsoever_escapes_or_changes_when_it_is_made_safe_again(sent: str) -> None:
    try:
        safe = file_names.segment(sent)
    except Invalid:
        return
    assert "/" not in safe
    assert "\\" not in safe
    assert safe not in ("", ".", "..")
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in safe)
    assert safe.isprintable() or any(unicodedata.category(character) in ("Cn", "Co") for character in safe)
    assert len(safe.encode()) <= file_names.LONGEST_NAME
    assert file_names.segment(safe) == safe
    assert unicodedata.is_normalized("NFC", safe)


@given(st.text(alphabet="/. \\ab\u0130\u00df\u202eCON:%2", max_size=80), st.text(alphabet="./\\ab %cOn:", max_size=40))
def test_every_accepted_path_is_found_by_its_own_spelling(folder: str, name: str) -> None:
    try:
        path = file_names.file_path(folder, f"{name}.gcode")
    except Invalid:
        return
    assert file_names.stored_path(path) == path
    assert file_names.key(file_names.stored_path(path)) == file_names.key(path)
    assert len(path.split("/")) <= file_names.DEEPEST
    assert ".." not in path.split("/")
