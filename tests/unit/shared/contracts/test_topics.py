"""The catalogue builds and parses by the same pattern, and refuses what would widen a topic."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts import topics
from shared.contracts.document import document
from shared.contracts.printers import PausePrint, PrinterCommand
from shared.contracts.topics import CATALOGUE, Kind, Topic
from shared.errors import Invalid

SLUG = st.from_regex(r"\A[A-Za-z0-9_-]{1,64}\Z")


def levels_of(topic: Topic) -> list[str]:
    return [part[1:-1] for part in topic.template.split("/") if part.startswith("{")]


@pytest.mark.parametrize("topic", CATALOGUE, ids=lambda topic: topic.template)
@given(data=st.data())
def test_a_built_topic_parses_back_to_its_levels(topic: Topic, data: st.DataObject) -> None:
    levels = {name: data.draw(SLUG) for name in levels_of(topic)}
    assert topic.parse("base", topic.build("base", **levels)) == levels


@pytest.mark.parametrize("level", ["", "+", "#", "a/b", "a b", "$SYS", "x\x00", "é", "a" * 65, "a.b", "a\n"])
def test_a_level_that_is_not_a_slug_is_refused(level: str) -> None:
    with pytest.raises(Invalid):
        topics.PRINTER_STATE.build("jobwire", printer=level)


def test_a_concrete_topic_belongs_to_exactly_one_row() -> None:
    for topic in CATALOGUE:
        built = topic.build("jobwire", **dict.fromkeys(levels_of(topic), "x"))
        assert [row.template for row in CATALOGUE if row.parse("jobwire", built) is not None] == [topic.template]


def test_the_filter_has_a_wildcard_for_every_level_left_open() -> None:
    assert topics.EVENT.filter("jobwire") == "jobwire/event/+/+"
    assert topics.EVENT.filter("jobwire", service="gateway") == "jobwire/event/gateway/+"


def test_another_base_is_another_topic() -> None:
    assert topics.RUN.parse("jobwire", "jobwire2/run/1") is None
    assert topics.RUN.parse("jobwire", "jobwire") is None


def test_only_state_and_presence_are_retained() -> None:
    assert {topic.kind for topic in CATALOGUE if topic.retain} == {Kind.STATE, Kind.PRESENCE}


def test_every_printer_command_is_told_by_its_own_word() -> None:
    words = [member.__struct_config__.tag for member in get_args(PrinterCommand)]
    assert len(words) == len(set(words))
    assert all(member.__struct_config__.tag_field == "command" for member in get_args(PrinterCommand))


def test_a_plain_command_needs_no_envelope_and_unknown_fields_are_ignored() -> None:
    command = msgspec.json.decode(b'{"command":"pause","from":"a newer client"}', type=PrinterCommand)
    assert command == PausePrint(action="toggle")


def test_the_table_in_the_docs_is_the_catalogue() -> None:
    page = Path(__file__).parents[4] / "docs" / "topics.md"
    assert page.read_text() == document(), "run `just docs` and commit docs/topics.md"
