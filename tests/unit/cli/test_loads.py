"""What people write for a load on the command line becomes the command that MQTT takes."""

from __future__ import annotations

import pytest

from services.cli.exits import CommandError, Exit
from services.cli.loads import set_request
from shared.contracts.loads import SetLoad, TargetState


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ON"], SetLoad(load=1, text="ON")),
        (["50%"], SetLoad(load=1, text="50%")),
        (["bri=5000"], SetLoad(load=1, target=TargetState(bri=5000))),
        (["level=0", "tilt=4"], SetLoad(load=1, target=TargetState(level=0, tilt=4))),
        (["target_temperature=21.5"], SetLoad(load=1, target=TargetState(target_temperature=21.5))),
    ],
)
def test_words_and_attributes_are_understood(words: list[str], expected: SetLoad) -> None:
    assert set_request(1, words) == expected


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["colour=red"], "no load has an attribute 'colour'"), (["bri=bright"], "bri=bright: the values must be numbers")],
)
def test_nonsense_is_wrong_use(words: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence) as error:
        set_request(1, words)
    assert error.value.exit is Exit.WRONG_USE
