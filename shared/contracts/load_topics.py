"""The rows of the topic catalogue that are about loads, their jobs and timers."""

from __future__ import annotations

from typing import Any

from shared.contracts import flags, house, load_jobs, loads, messages, printers, smart_buttons, timers
from shared.contracts.topic import GATEWAY, OUTSIDE, Kind, Topic, ask

LOAD_CONTROLLER = "load_controller"
SCHEDULER = "scheduler"


def _state(template: str, payload: Any, doc: str) -> Topic:
    return Topic(template, Kind.STATE, payload, doc, LOAD_CONTROLLER, (GATEWAY, OUTSIDE))


def _command(template: str, payload: Any, answer: Any, doc: str) -> Topic:
    return Topic(template, Kind.COMMAND, payload, doc, OUTSIDE, (LOAD_CONTROLLER,), answer=answer)


def _ask(verb: str, request: Any, answer: Any, doc: str) -> Topic:
    return ask(LOAD_CONTROLLER, verb, request, answer, doc)


LOAD_INFO = _state("load/{load}/info", loads.LoadInfo, "What a load is.")
LOAD_STATE = _state("load/{load}/state", loads.LoadState, "What the load itself reported last, in Wiser words.")
LOAD_AVAILABLE = _state("load/{load}/available", str, "`online` while the load answers, else `offline`.")
HVAC_GROUP_INFO = _state("hvac_group/{group}/info", loads.HvacGroupInfo, "Rooms that are heated together.")
HVAC_GROUP_STATE = _state("hvac_group/{group}/state", loads.LoadState, "Temperatures of an hvac group.")
LOAD_JOB = _state("job/load/{job}", load_jobs.LoadJob, "The definition of a load job.")
FLAG_STATE = _state("flag/{flag}/state", flags.FlagState, "A system flag.")
SMART_BUTTON = _state("smart_button/{button}/info", smart_buttons.SmartButton, "What a smart button is, and its job.")
SMART_BUTTON_PRESSED = Topic(
    "smart_button/{button}/pressed", Kind.EVENT, smart_buttons.SmartButtonPressed,
    "Somebody pressed a smart button.", LOAD_CONTROLLER, (GATEWAY, OUTSIDE),
)  # fmt: skip

LOAD_SET = _command(
    "load/{load}/set", loads.SetLoad, loads.LoadCommanded,
    'A target state: `{"bri":5000}`, `{"level":0,"tilt":4}`, or a word (`ON`, `OFF`, `TOGGLE`, `50%`, `OPEN`, `STOP`).',
)  # fmt: skip
LOAD_CTRL = _command(
    "load/{load}/ctrl", loads.ControlLoad, loads.LoadCommanded,
    'A press of a button: `{"button":"up","event":"click"}`, or a button\'s name alone for a click.',
)  # fmt: skip
HVAC_GROUP_SET = _command(
    "hvac_group/{group}/set", loads.SetHvacGroup, loads.HvacGroupCommanded,
    'Temperatures: `{"target_temperature":21.5}`, or a number alone.',
)  # fmt: skip
LOAD_JOB_RUN = _command(
    "job/load/{job}/run", load_jobs.RunJob, load_jobs.JobRun,
    'Run a load job: empty for all of it, `{"section":"run"}`, or the name of a section.',
)  # fmt: skip
FLAG_SET = _command(
    "flag/{flag}/set", flags.SetFlag, flags.Flags, 'Set a flag: `{"value":true}`, `ON` or `OFF`.',
)  # fmt: skip
SMART_BUTTON_PRESS = _command(
    "smart_button/{button}/press", smart_buttons.PressSmartButton, smart_buttons.SmartButtonPressed,
    'Press a smart button: empty or `click`, `press`, `release`, or `{"event":"click","type":"up"}`.',
)  # fmt: skip

COMMAND_LOAD = _ask("load", loads.LoadCommand, loads.LoadCommanded, "Any command for one load, with an answer.")
SET_HVAC_GROUP = _ask("hvac_group", loads.SetHvacGroup, loads.HvacGroupCommanded, "Set an hvac group.")
JOBS = _ask("jobs", load_jobs.JobRequest, load_jobs.LoadJobs, "Define and read load jobs.")
RUN_JOB = _ask("run_job", load_jobs.RunJob, load_jobs.JobRun, "Run sections of a load job.")
FLAGS = _ask("flags", flags.FlagRequest, flags.Flags, "Define, read and set flags.")
CONDITIONS = _ask("conditions", flags.ConditionRequest, flags.Conditions, "Define and read conditions.")
SMART_BUTTONS = _ask(
    "smart_buttons",
    smart_buttons.SmartButtonRequest,
    smart_buttons.SmartButtons,
    "Define, link and program them.",
)
PRESS = _ask("press", smart_buttons.PressSmartButton, smart_buttons.SmartButtonPressed, "Press a smart button.")
RECORDS = _ask("records", house.RecordRequest, house.Records, "Scenes, rooms and the site.")
SCRIPTS = _ask("scripts", house.ScriptRequest, house.Scripts, "Store, start and stop scripts.")
ANNOUNCE_LOADS = _ask(
    "announce", printers.Announce, printers.Announced, "Publish all retained state of loads and jobs again."
)
TIMERS = ask(SCHEDULER, "timers", timers.TimerRequest, timers.Timers, "Define and read timers.")

CLAIM_PRESS = Topic(
    "claim/press", Kind.COMMAND, messages.Message,
    "Press the gateway's own button, which lets the client that is waiting for it claim an account.",
    OUTSIDE, (GATEWAY,),
)  # fmt: skip

CATALOGUE: tuple[Topic, ...] = (
    LOAD_INFO,
    LOAD_STATE,
    LOAD_AVAILABLE,
    HVAC_GROUP_INFO,
    HVAC_GROUP_STATE,
    LOAD_JOB,
    FLAG_STATE,
    SMART_BUTTON,
    SMART_BUTTON_PRESSED,
    LOAD_SET,
    LOAD_CTRL,
    HVAC_GROUP_SET,
    LOAD_JOB_RUN,
    FLAG_SET,
    SMART_BUTTON_PRESS,
    COMMAND_LOAD,
    SET_HVAC_GROUP,
    JOBS,
    RUN_JOB,
    FLAGS,
    CONDITIONS,
    SMART_BUTTONS,
    PRESS,
    RECORDS,
    SCRIPTS,
    ANNOUNCE_LOADS,
    TIMERS,
    CLAIM_PRESS,
)
