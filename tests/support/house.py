"""A house for a gateway in the test's own process: loads, a group, buttons and an owner with a memory of jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from shared.contracts import load_topics, topics
from shared.contracts.flags import Conditions, Flags
from shared.contracts.house import Records, Script, Scripts
from shared.contracts.load_jobs import (
    ButtonControl,
    CreateJob,
    DeleteJob,
    JobRun,
    LoadJob,
    LoadJobs,
    ReadJobs,
    RemoveLoads,
    ReplaceJob,
    RunJob,
)
from shared.contracts.loads import HvacGroupCommanded, HvacGroupInfo, LoadCommanded, LoadInfo, LoadState, TargetState
from shared.contracts.messages import Presence
from shared.contracts.smart_buttons import SmartButton, SmartButtonPressed, SmartButtons
from shared.contracts.timers import Timer, Timers
from shared.errors import JobError, NotFound
from tests.support.gateway import RunningGateway

INSTANCE = "house"
LOADS = {1: ("dim", ""), 2: ("onoff", ""), 4: ("motor", ""), 5: ("dali", ""), 7: ("dali", "rgb"), 11: ("hvac", "")}
STATES: dict[int, dict[str, Any]] = {1: {"bri": 0}, 2: {"bri": 0}, 4: {"level": 0, "tilt": 0, "moving": "stop"}}
RUN = "01900000-0000-7000-8000-000000000001"


@dataclass
class ScriptedHouse:
    """`await house.open()` publishes it; `asked` in the gateway's owner holds what the gateway wanted."""

    running: RunningGateway
    jobs: dict[int, LoadJob] = field(default_factory=dict)
    versions: int = 0

    async def open(self) -> None:
        """Come with everything there is."""
        self.running.owner.answers |= {
            load_topics.COMMAND_LOAD: self._command,
            load_topics.SET_HVAC_GROUP: lambda asked: HvacGroupCommanded(group=asked.group, target=TargetState()),
            load_topics.JOBS: self._jobs,
            load_topics.RUN_JOB: self._run,
            load_topics.FLAGS: Flags(),
            load_topics.CONDITIONS: Conditions(),
            load_topics.SMART_BUTTONS: SmartButtons(buttons=[self.button()]),
            load_topics.RECORDS: Records(),
            load_topics.SCRIPTS: lambda asked: Scripts(scripts=[Script(name=asked.name or "a.py", size=3)]),
            load_topics.TIMERS: Timers(timers=[Timer(id=3)]),
        }
        await self.presence("online")
        for load, (kind, sub_type) in LOADS.items():
            info = LoadInfo(
                id=load, name=f"Load {load}", type=kind, sub_type=sub_type, device=f"{load:08x}", owner=INSTANCE,
                **self._stamp(),
            )  # fmt: skip
            await self.running.bus.publish(load_topics.LOAD_INFO, info, load=str(load))
        for load, attributes in STATES.items():
            await self.state(load, **attributes)
        group = HvacGroupInfo(id=1, name="Living room", loads=[11], owner=INSTANCE, **self._stamp())
        await self.running.bus.publish(load_topics.HVAC_GROUP_INFO, group, group="1")
        await self.running.bus.publish(load_topics.SMART_BUTTON, self.button(), button="6")

    async def presence(self, state: str) -> None:
        """Come, go or die."""
        presence = Presence(state=state, version="0", boot_id="boot", since=self.running.clock.now())
        await self.running.bus.publish(
            topics.SERVICE_PRESENCE, presence, service=load_topics.LOAD_CONTROLLER, instance=INSTANCE
        )

    async def state(self, load: int, **attributes: Any) -> None:
        """A load reports."""
        state = LoadState(**attributes, **self._stamp())
        await self.running.bus.publish(load_topics.LOAD_STATE, state, load=str(load))

    async def group_state(self, group: int, **attributes: Any) -> None:
        """An hvac group reports."""
        state = LoadState(**attributes, **self._stamp())
        await self.running.bus.publish(load_topics.HVAC_GROUP_STATE, state, group=str(group))

    async def press(self) -> None:
        """Somebody presses the smart button."""
        pressed = SmartButtonPressed(
            id=6, device="0000b001", channel=0, event="click", type="up", at=self.running.clock.now()
        )
        await self.running.bus.publish(load_topics.SMART_BUTTON_PRESSED, pressed, button="6")

    def wanted(self) -> list[Any]:
        """What the gateway asked for, but for snapshots."""
        return self.running.owner.commands()

    @staticmethod
    def button() -> SmartButton:
        return SmartButton(id=6, device="0000b001", channel=0)

    def _stamp(self) -> dict[str, Any]:
        self.versions += 1
        return {"at": self.running.clock.now(), "version": self.versions}

    def _command(self, asked: Any) -> LoadCommanded | JobError:
        return LoadCommanded(load=asked.load) if asked.load in LOADS else NotFound(f"load {asked.load} not found")

    def _jobs(self, asked: Any) -> LoadJobs | JobError:
        if isinstance(asked, RemoveLoads):
            return LoadJobs(loads=asked.loads)
        if isinstance(asked, ReadJobs) and asked.job is None:
            return LoadJobs(jobs=list(self.jobs.values()))
        if isinstance(asked, CreateJob):
            number = 20 + 10 * len(self.jobs)
        elif asked.job in self.jobs:
            number = asked.job
        else:
            return NotFound(f"job {asked.job} not found")
        if isinstance(asked, CreateJob | ReplaceJob):
            self.jobs[number] = self._stored(number, asked.sections)
        return LoadJobs(jobs=[self.jobs.pop(number) if isinstance(asked, DeleteJob) else self.jobs[number]])

    @staticmethod
    def _stored(number: int, sections: Any) -> LoadJob:
        given = {name: getattr(sections, name) for name in sections.__struct_fields__}
        if isinstance(given["button_ctrl"], ButtonControl):
            given["button_ctrl"] = msgspec.structs.replace(given["button_ctrl"], ctrl_input_channel=16)
        return LoadJob(id=number, **given)

    def _run(self, asked: RunJob) -> JobRun | JobError:
        job = self.jobs.get(asked.job)
        if job is None:
            return NotFound(f"job {asked.job} not found")
        return JobRun(run=RUN, status="accepted", job=job)
