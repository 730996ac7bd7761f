"""Wiser's bodies into our contracts and back, row by row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.gateway.dialects.wiser import errors, translate, translate_info, translate_loads, translate_timers
from services.gateway.dialects.wiser.decoding import decoded
from services.gateway.dialects.wiser.wire import JobBody, JobChange
from shared.contracts.load_jobs import ButtonControl, FlagValue, LoadJob
from shared.contracts.loads import LoadInfo, LoadState, TargetState
from shared.contracts.smart_buttons import SmartButton
from shared.contracts.timers import Timer, TimerWhen
from shared.errors import Forbidden, Invalid, JobError, NotFound, Refused, TooLarge, Unavailable
from tests.support.clock import START


@pytest.mark.parametrize(
    ("attributes", "target"),
    [
        ({"bri": 0}, TargetState(bri=0)),
        ({"bri": 5000, "ct": 3000}, TargetState(bri=5000, ct=3000)),
        ({"level": 10000, "tilt": 9}, TargetState(level=10000, tilt=9)),
        ({"rgb": "#0A0b0c"}, TargetState(red=10, green=11, blue=12)),
        ({"target_temperature": 21}, TargetState(target_temperature=21.0)),
    ],
)
def test_target_states(attributes: dict[str, Any], target: TargetState) -> None:
    assert translate.target(attributes) == target


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({}, "at least one attribute"),
        ({"glow": 1}, "no load has the attribute 'glow'"),
        ({"x" * 300: 1}, f"'{'x' * 40}'"),
        ({"bri": "1"}, "`bri` must be a whole number"),
        ({"bri": 1.5}, "`bri` must be a whole number"),
        ({"rgb": "#12345"}, "#RRGGBB"),
        ({"rgb": 5}, "#RRGGBB"),
    ],
)
def test_target_states_that_make_no_sense(attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid) as refused:
        translate.target(attributes)
    assert message in refused.value.message


def test_a_job_keeps_its_sections_and_those_never_set_are_absent() -> None:
    body = decoded(b'{"target_states":[{"load":1,"rgb":"#010203"}],"flag_values":[{"flag":2,"value":true}]}', JobBody)
    sections = translate.sections(body)
    assert sections.target_states == [{"load": 1, "red": 1, "green": 2, "blue": 3}]
    assert sections.flag_values == [FlagValue(flag=2, value=True)]
    assert sections.button_ctrl is sections.scripts is sections.blocked_by is msgspec.UNSET


@pytest.mark.parametrize(
    ("job", "shown"),
    [
        (LoadJob(id=3), {"id": 3}),
        (LoadJob(id=3, target_states=[], scripts=[]), {"id": 3, "target_states": [], "scripts": []}),
        (LoadJob(id=3, blocked_by=None), {"id": 3}),
        (LoadJob(id=3, blocked_by=0), {"id": 3, "blocked_by": 0}),
        (
            LoadJob(id=3, button_ctrl=ButtonControl(event="click", button="on", ctrl_input_channel=16)),
            {"id": 3, "button_ctrl": {"ctrl_input_channel": 16, "event": "click", "button": "on", "loads": []}},
        ),
    ],
)
def test_stored_jobs_are_shown(job: LoadJob, shown: dict[str, Any]) -> None:
    assert msgspec.to_builtins(translate.job(job)) == shown


@pytest.mark.parametrize(
    ("body", "event", "button", "loads"),
    [
        (b"{}", None, None, None),
        (b'{"button_ctrl":{"event":"press"}}', "press", None, None),
        (b'{"button_ctrl":{"loads":[]}}', None, None, []),
        (b'{"button_ctrl":{"button":"off","loads":[3],"ctrl_input_channel":1}}', None, "off", [3]),
    ],
)
def test_what_a_patch_changes(body: bytes, event: str | None, button: str | None, loads: list[int] | None) -> None:
    change = translate.amendment(7, decoded(body, JobChange))
    assert (change.job, change.event, change.button, change.loads) == (7, event, button, loads)


@pytest.mark.parametrize(("event", "button"), [("on", "on"), ("press", "up down")])
def test_a_rockers_words_are_for_jobs_only(event: str, button: str) -> None:
    translate.check_press(event, button, of_job=True)
    with pytest.raises(Invalid):
        translate.check_press(event, button)


def info(kind: str, *, load: int = 1, device: str = "0000a001", channel: int = 0, sub_type: str = "") -> LoadInfo:
    return LoadInfo(
        id=load, name="", type=kind, sub_type=sub_type, device=device, channel=channel, owner="o", at=START, version=1
    )


@pytest.mark.parametrize(
    ("kind", "flags"),
    [
        ("dim", {"over_current", "fading", "noise", "direction", "over_temperature"}),
        ("dali", {"short_circuit", "fading", "noise", "direction", "rx_error"}),
        ("motor", {"direction", "learning", "moving", "under_current", "over_current", "timeout", "locked"}),
        ("onoff", set()),
        ("hvac", set()),
    ],
)
def test_states_have_all_flags_of_their_type(kind: str, flags: set[str]) -> None:
    shown = translate_loads.state(kind, LoadState(bri=1, at=START, version=2))
    assert shown.pop("flags", {}) == dict.fromkeys(flags, 0)
    assert shown == {"bri": 1}
    reported = translate_loads.state(kind, LoadState(flags={"noise": 1, "new": 1}, at=START, version=2))
    assert reported["flags"].items() >= {"noise": 1, "new": 1}.items()


def test_devices_are_made_of_what_they_carry() -> None:
    loads = [(info("dim", channel=1, load=2), None), (info("dim"), LoadState(bri=0, at=START, version=1))]
    buttons = [SmartButton(id=1, device="0000b001", channel=0), SmartButton(id=2, device="0000a001", channel=3)]
    shown = translate_loads.devices(loads, buttons, START + timedelta(seconds=7))
    assert [device["id"] for device in shown] == ["0000a001", "0000b001"]
    assert [output["load"] for output in shown[0]["outputs"]] == [1, 2]
    assert [each["sub_type"] for each in shown[0]["inputs"]] == ["up down", "up down", "scene"]
    assert (shown[0]["last_seen"], shown[1]["last_seen"]) == (7, 0)
    assert shown[1]["outputs"] == []


@pytest.mark.parametrize(
    ("body", "when", "extra"),
    [
        (b"{}", TimerWhen(), {}),
        (b'{"id":5,"when":{"at":"06:30"}}', TimerWhen(at="06:30"), {}),
        (b'{"when":{"every":"Mon"},"icon":[1,{"a":null}]}', TimerWhen(every="Mon"), {"icon": [1, {"a": None}]}),
    ],
)
def test_timers_are_read(body: bytes, when: TimerWhen, extra: dict[str, Any]) -> None:
    created = translate_timers.creation(body)
    assert (created.enabled, created.job, created.when, created.extra) == (True, None, when, extra)
    replaced = translate_timers.replacement(4, body)
    assert (replaced.timer, replaced.when, replaced.extra) == (4, when, extra)


def test_what_a_client_keeps_in_a_timer_cannot_change_what_it_is() -> None:
    shown = translate_timers.timer(Timer(id=1, job=2, extra={"id": 9, "job": 9, "note": "x"}))
    assert (shown["id"], shown["job"], shown["note"]) == (1, 2, "x")


@pytest.mark.parametrize(
    ("error", "message", "status"),
    [
        (Forbidden("A token is needed", code="no_key"), "api is locked", 401),
        (Forbidden("?", code="bad_key"), "unauthorized user", 401),
        (Forbidden("no", code="no_permission"), "no", 403),
        (Forbidden("wait", code="locked_out", detail={"retry_after": 7}), "wait", 429),
        (Refused("no button pressed", code="no_button_pressed"), "no button pressed", 409),
        (NotFound("load 1 not found"), "load 1 not found", 404),
        (Invalid("what?"), "what?", 400),
        (TooLarge("big"), "big", 413),
        (Unavailable("later"), "later", 503),
    ],
)
async def test_errors_are_200_and_strict_ones_have_a_status(error: JobError, message: str, status: int) -> None:
    for strict, expected in ((False, 200), (True, status)):
        sent: list[Any] = []

        async def send(sent_message: Any, sent: list[Any] = sent) -> None:
            sent.append(sent_message)

        reply = errors.reply_of(error, strict=strict)
        assert reply.status == expected
        if not isinstance(error, TooLarge):
            await reply({}, None, send)
            assert msgspec.json.decode(sent[1]["body"]) == {"status": "error", "message": message}


def test_a_gateway_stays_itself() -> None:
    identity = "36d2b9b9-d95e-4a4b-8c1d-000000000000"
    assert translate_info.info(identity) == translate_info.info(identity)
    assert translate_info.info(identity)["instance_id"] == 0x36D2B9B
