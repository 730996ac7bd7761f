"""What scripts may do: each wish is a request on the bus like anybody's: checked, stored and told alike."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from shared.bus import Bus, Delivery
from shared.contracts import load_topics as topics
from shared.contracts.flags import AmendFlag, FlagState
from shared.contracts.load_jobs import RunJob
from shared.contracts.loads import ControlLoad, LoadState, SetLoad, TargetState
from shared.contracts.messages import Caller
from shared.errors import Invalid, NotFound

LOG = logging.getLogger(__name__)

VIA, ROLE = "script", "operator"
WITHIN = 5.0  # seconds
_NOT_STATE = ("at", "version")


class ScriptActions:
    """Follows the states of loads and flags, and passes wishes on. `follow` once, before the bus runs."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._states: dict[int, LoadState] = {}
        self._flags: dict[str, FlagState] = {}
        self._by_name: dict[str, Callable[..., Awaitable[Any]]] = {
            "set": self._set,
            "ctrl": self._ctrl,
            "state": self._state,
            "trigger": self._trigger,
            "flag": self._flag,
            "set_flag": self._set_flag,
            "log": self._log,
        }

    def follow(self) -> None:
        """Subscribe."""
        self._bus.follow(topics.LOAD_STATE, self._on_state)
        self._bus.follow(topics.FLAG_STATE, self._on_flag)

    async def do(self, script: str, name: str, arguments: dict[str, Any]) -> Any:
        """One wish of a script. Raises `JobError` with what the owner says; `TypeError` for wrong arguments."""
        action = self._by_name.get(name)
        if action is None:
            raise Invalid(f"scripts cannot {name[:40]!r}", code="no_such_action")
        return await action(Caller(name=script, via=VIA, role=ROLE), **arguments)

    async def _set(self, caller: Caller, *, load: int, target: dict[str, Any]) -> None:
        wanted = _struct(target, TargetState)
        await self._bus.ask(topics.COMMAND_LOAD, SetLoad(load=int(load), target=wanted, caller=caller), within=WITHIN)

    async def _ctrl(self, caller: Caller, *, load: int, button: str, event: str) -> None:
        request = ControlLoad(load=int(load), button=str(button), event=str(event), caller=caller)
        await self._bus.ask(topics.COMMAND_LOAD, request, within=WITHIN)

    async def _state(self, caller: Caller, *, load: int) -> dict[str, Any]:  # noqa: ARG002
        state = self._states.get(int(load))
        if state is None:
            raise NotFound(f"load {load} has not reported a state", code="no_state")
        shown: dict[str, Any] = msgspec.to_builtins(state)
        return {name: value for name, value in shown.items() if name not in _NOT_STATE}

    async def _trigger(self, caller: Caller, *, job: int) -> str:
        answer = await self._bus.ask(topics.RUN_JOB, RunJob(job=int(job), caller=caller), within=WITHIN)
        return str(answer.run)

    async def _flag(self, caller: Caller, *, symbol: str) -> bool:  # noqa: ARG002
        return self._known(symbol).value

    async def _set_flag(self, caller: Caller, *, symbol: str, value: bool) -> None:
        request = AmendFlag(flag=self._known(symbol).id, value=bool(value), caller=caller)
        await self._bus.ask(topics.FLAGS, request, within=WITHIN)

    async def _log(self, caller: Caller, *, text: str) -> None:
        LOG.info("script %s: %s", caller.name, str(text)[:1000])

    def _known(self, symbol: str) -> FlagState:
        found = self._flags.get(str(symbol))
        if found is None:
            raise NotFound(f"there is no flag {str(symbol)[:64]!r}", code="no_such_flag")
        return found

    async def _on_state(self, delivery: Delivery) -> None:
        load = int(delivery.levels["load"])
        if isinstance(delivery.message, LoadState):
            self._states[load] = delivery.message
        else:
            self._states.pop(load, None)

    async def _on_flag(self, delivery: Delivery) -> None:
        state = delivery.message
        if isinstance(state, FlagState):
            self._flags = {name: flag for name, flag in self._flags.items() if flag.id != state.id}
            self._flags[state.symbol] = state
        else:
            gone = int(delivery.levels["flag"])
            self._flags = {name: flag for name, flag in self._flags.items() if flag.id != gone}


def _struct(values: dict[str, Any], kind: type[TargetState]) -> TargetState:
    unknown = set(values) - set(kind.__struct_fields__)
    if unknown:
        raise Invalid(f"a load has no {sorted(unknown)[0][:40]!r}", code="wrong_attribute")
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise Invalid(str(error)[:200], code="out_of_range") from None
