"""The language of conditions: values, precedence, and what is said about mistakes."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.load_controller.rules.conditions import evaluate, is_symbol, parse, symbols
from shared.errors import Invalid

FLAGS = {"night": True, "home": False, "x1": True, "2nd": True, "_": False}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("night", True),
        ("home", False),
        ("not home", True),
        ("not not home", False),
        ("night and home", False),
        ("night or home", True),
        ("NOT home AND Night or true", True),
        ("not night or night and x1", True),
        ("not (night or home)", False),
        ("(((night)))", True),
        ("home or night and home", False),
        ("(home or night) and x1", True),
        ("2nd and not _", True),
        ("true", True),
        ("FALSE", False),
        ("unknown", False),
        ("not unknown", True),
        ("night\tand\nx1", True),
        ("night and(x1)", True),
    ],
)
def test_an_expression_has_its_value(text: str, value: bool) -> None:
    assert evaluate(parse(text), {**FLAGS, "Night": True}) is value


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("   ", 3),
        ("and", 0),
        ("not", 3),
        ("night and", 9),
        ("night night", 6),
        ("(night", 6),
        ("night)", 5),
        ("()", 1),
        ("night & home", 6),
        ("night == true", 6),
        ("__import__('os')", 10),
        ("nacht-ruhe", 5),
        ("größe", 2),
        ("night and " + "a" * 65, 10),
    ],
)
def test_a_mistake_is_refused_with_its_place(text: str, position: int) -> None:
    with pytest.raises(Invalid) as refusal:
        parse(text)
    assert refusal.value.code == "bad_expression"
    assert refusal.value.detail == {"position": position}
    assert f"character {position + 1}" in refusal.value.message


@pytest.mark.parametrize("text", ["(" * 500, "not " * 200 + "x", "x or " * 300 + "x", "(" * 33 + "x" + ")" * 33])
def test_depth_and_length_are_bounded(text: str) -> None:
    with pytest.raises(Invalid):
        parse(text)


def test_what_is_just_short_and_flat_enough_is_parsed() -> None:
    assert evaluate(parse("(" * 31 + "x" + ")" * 31), {"x": True})
    assert not evaluate(parse("x or " * 190 + "x"), {})


def test_the_symbols_are_named() -> None:
    assert symbols(parse("not a and (b or true) or a")) == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("night_2", True),
        ("A" * 64, True),
        ("", False),
        ("A" * 65, False),
        ("a-b", False),
        ("Not", False),
        ("a\n", False),
    ],
)
def test_a_flag_may_be_called_so(text: str, good: bool) -> None:
    assert is_symbol(text) is good


_TEXTS = st.recursive(
    st.sampled_from(["a", "b", "c", "true", "false"]),
    lambda inner: st.one_of(
        inner.map(lambda x: f"not ({x})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})"),
    ),
    max_leaves=6,
)


@given(_TEXTS)
def test_it_agrees_with_the_boolean_algebra_of_python(text: str) -> None:
    code = text.replace("true", "True").replace("false", "False")
    for a, b, c in itertools.product((False, True), repeat=3):
        flags = {"a": a, "b": b, "c": c}
        assert evaluate(parse(text), flags) is eval(code, {"__builtins__": {}}, flags)


@given(st.text(max_size=60))
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    with contextlib.suppress(Invalid):
        evaluate(parse(text), FLAGS)
