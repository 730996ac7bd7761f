"""`jobwire load …`, `loadjob …` and `button …`: what MQTT and the gateway offer, from a command line."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiomqtt
import msgspec

from services.cli.asking import ask, connected, retained
from services.cli.commands import settings_of
from services.cli.exits import CommandError, Exit
from services.cli.watch import broker_of
from shared.contracts import load_topics as topics
from shared.contracts.load_jobs import ReadJobs, RunJob
from shared.contracts.loads import ControlLoad, SetLoad, TargetState
from shared.contracts.smart_buttons import PressSmartButton, ReadSmartButtons

Lines = tuple[Any, list[str]]  # what is printed with --json, and without
Act = Callable[[aiomqtt.Client, str, argparse.Namespace], Awaitable[Lines]]


def load_list(parsed: argparse.Namespace) -> Exit:
    """`jobwire load list`."""
    return _do(parsed, _list_loads)


def load_set(parsed: argparse.Namespace) -> Exit:
    """`jobwire load set`."""
    request = set_request(parsed.id, parsed.target)
    return _do(parsed, lambda client, base, _: _commanded(client, base, request))


def load_ctrl(parsed: argparse.Namespace) -> Exit:
    """`jobwire load ctrl`."""
    request = ControlLoad(load=parsed.id, button=parsed.button, event=parsed.event)
    return _do(parsed, lambda client, base, _: _commanded(client, base, request))


def loadjob_list(parsed: argparse.Namespace) -> Exit:
    """`jobwire loadjob list`."""
    return _do(parsed, _list_jobs)


def loadjob_run(parsed: argparse.Namespace) -> Exit:
    """`jobwire loadjob run`."""
    return _do(parsed, _run_job)


def button_list(parsed: argparse.Namespace) -> Exit:
    """`jobwire button list`."""
    return _do(parsed, _list_buttons)


def button_press(parsed: argparse.Namespace) -> Exit:
    """`jobwire button press`."""
    return _do(parsed, _press)


def set_request(load: int, words: list[str]) -> SetLoad:
    """`bri=5000 ct=2700` are attributes, anything else is a word. Raises `CommandError` for a value that is none."""
    if not all("=" in word for word in words):
        return SetLoad(load=load, text=" ".join(words))
    given = dict(word.split("=", 1) for word in words)
    unknown = next((name for name in given if name not in TargetState.__struct_fields__), None)
    if unknown is not None:
        known = ", ".join(TargetState.__struct_fields__)
        raise CommandError(f"no load has an attribute {unknown!r}: one of {known}", Exit.WRONG_USE)
    try:
        target = msgspec.convert(given, TargetState, strict=False)
    except msgspec.ValidationError:
        raise CommandError(f"{' '.join(words)}: the values must be numbers", Exit.WRONG_USE) from None
    return SetLoad(load=load, target=target)


def _do(parsed: argparse.Namespace, act: Act) -> Exit:
    settings, environ = settings_of(parsed)

    async def run() -> Lines:
        async with connected(broker_of(settings, environ)) as client:
            return await act(client, settings.broker.base, parsed)

    whole, lines = asyncio.run(run())
    print(json.dumps(whole, indent=2) if parsed.json else "\n".join(lines))
    return Exit.DONE


async def _list_loads(client: aiomqtt.Client, base: str, _: argparse.Namespace) -> Lines:
    kept = await retained(client, *(f"{base}/load/+/{what}" for what in ("info", "state", "available")))
    loads: list[dict[str, Any]] = []
    for name, payload in kept.items():
        if name.endswith("/info"):
            at = name.removesuffix("info")
            info, state = json.loads(payload), json.loads(kept.get(f"{at}state", b"{}"))
            loads.append({**info, "state": state, "available": kept.get(f"{at}available") == b"online"})
    loads.sort(key=lambda load: int(load["id"]))
    return loads, [_load_line(load) for load in loads] or ["there are no loads"]


def _load_line(load: dict[str, Any]) -> str:
    kind = "/".join(part for part in (load["type"], load["sub_type"]) if part)
    hidden = ("flags", "at", "version")
    state = " ".join(f"{name}={value}" for name, value in load["state"].items() if name not in hidden)
    return f"{load['id']:>5}  {load['name']:<24} {kind:<11} {state}{'' if load['available'] else '  (offline)'}"


async def _commanded(client: aiomqtt.Client, base: str, request: Any) -> Lines:
    answer = msgspec.to_builtins(await ask(client, base, topics.COMMAND_LOAD, request))
    target = " ".join(f"{name}={value}" for name, value in answer.get("target", {}).items())
    return answer, [f"load {answer['load']}: {target or 'on its way'}"]


async def _list_jobs(client: aiomqtt.Client, base: str, _: argparse.Namespace) -> Lines:
    jobs = msgspec.to_builtins((await ask(client, base, topics.JOBS, ReadJobs())).jobs)
    lines = [f"{job['id']:>5}  {', '.join(name for name in job if name != 'id') or 'empty'}" for job in jobs]
    return jobs, lines or ["there are no jobs"]


async def _run_job(client: aiomqtt.Client, base: str, parsed: argparse.Namespace) -> Lines:
    request = RunJob(job=parsed.id, section=parsed.section, dry_run=parsed.dry_run)
    answer = msgspec.to_builtins(await ask(client, base, topics.RUN_JOB, request))
    reason = f": {answer['reason']}" if answer.get("reason") else ""
    lines = [f"run {answer['run'] or '(none)'} {answer['status']}{reason}"]
    return answer, lines + [_receipt_line(receipt) for receipt in answer.get("receipts", [])]


def _receipt_line(receipt: dict[str, Any]) -> str:
    who = f"load {receipt['load']}" if "load" in receipt else receipt.get("name", "")
    said = " ".join(f"{name}={value}" for name, value in receipt.get("target", {}).items())
    return f"  {who}  {said}  {receipt.get('reason', '')}".rstrip()


async def _list_buttons(client: aiomqtt.Client, base: str, _: argparse.Namespace) -> Lines:
    buttons = msgspec.to_builtins((await ask(client, base, topics.SMART_BUTTONS, ReadSmartButtons())).buttons)
    lines = [
        f"{button['id']:>5}  {button['device']}/{button['channel']}  {button['input_type']:<10}"
        f" {'job ' + str(button['job']) if button['job'] is not None else 'no job'}"
        for button in buttons
    ]
    return buttons, lines or ["there are no smart buttons"]


async def _press(client: aiomqtt.Client, base: str, parsed: argparse.Namespace) -> Lines:
    request = PressSmartButton(button=parsed.id, event=parsed.event, type=parsed.side)
    answer = msgspec.to_builtins(await ask(client, base, topics.PRESS, request))
    begun = f"run {answer['run']}" if answer.get("run") else "nothing was run"
    return answer, [f"smart button {answer['id']} {answer['event']}: {begun}"]
