"""The load controller as a process: plain MQTT clients drive loads, and a restart forgets nothing."""

from __future__ import annotations

from pathlib import Path

from shared.contracts import load_topics as topics
from shared.contracts.flags import ReadFlags
from shared.contracts.load_jobs import CreateJob, JobSections, ReadJobs, RunJob
from shared.contracts.loads import ChangeLoad
from tests.support.broker import BrokerHandle
from tests.support.database import Database
from tests.support.load_process import LoadProcesses, load_processes
from tests.support.mqtt_client import retained

VIRTUAL_HOUSE = ""


async def test_plain_clients_set_press_run_and_are_told(
    tmp_path: Path, broker: BrokerHandle, database: Database
) -> None:
    async with load_processes(tmp_path, broker, database, VIRTUAL_HOUSE, "one") as house:
        heard = house.heard
        await heard.publish("jobwire/load/1/set", "50%")
        await house.settled(1, bri=5000)
        await heard.publish("jobwire/load/2/set", "ON")
        await house.settled(2, bri=10000)
        await heard.publish("jobwire/load/2/ctrl", "toggle")
        await house.settled(2, bri=0, since=_last(house, 2))
        await heard.publish("jobwire/hvac_group/1/set", "23.5")
        await house.settled(11, target_temperature=23.5)
        job = await house.job(target_states=[{"load": 3, "bri": 10000}])
        await heard.publish(f"jobwire/job/load/{job}/run", "run")
        await house.settled(3, bri=10000)
        await heard.publish("jobwire/flag/1/set", "ON")
        await heard.until(lambda m: m.topic == "jobwire/flag/1/state" and bool(m.json["value"]))
        await heard.publish("jobwire/load/99/set", "ON")
        refused = await heard.until(lambda m: m.topic.endswith("/command_refused"))
        assert refused.json["data"]["message"] == "load 99 not found"


def _last(house: LoadProcesses, load: int) -> int:
    messages = house.heard.messages
    return max(n for n, m in enumerate(messages) if m.topic == f"jobwire/load/{load}/state") + 1


async def test_old_retained_commands_never_act(tmp_path: Path, broker: BrokerHandle, database: Database) -> None:
    async with load_processes(tmp_path, broker, database, VIRTUAL_HOUSE) as house:
        await house.heard.publish("jobwire/load/2/set", "ON", retain=True)
        house.start()
        await house.serving()
        await house.heard.until(lambda m: m.topic == "jobwire/dead/load_controller" and m.json["reason"] == "retained")
        await house.heard.publish("jobwire/load/3/set", "ON")
        await house.settled(3, bri=10000)
        assert all(m.json["bri"] == 0 for m in house.heard.on("jobwire/load/2/state"))
        await house.heard.publish("jobwire/load/2/set", "", retain=True)


async def test_definitions_states_and_names_survive_a_kill(
    tmp_path: Path, broker: BrokerHandle, database: Database
) -> None:
    async with load_processes(tmp_path, broker, database, VIRTUAL_HOUSE, "one") as house:
        job = await house.job(target_states=[{"load": 1}], flag_values=[])
        await house.ask(topics.COMMAND_LOAD, ChangeLoad(load=2, name="Lamp"))
        await house.heard.publish("jobwire/flag/1/set", "ON")
        await house.heard.until(lambda m: m.topic == "jobwire/flag/1/state" and bool(m.json["value"]))
        house.kill()
        house.start()
        stored = await house.ask_until(topics.JOBS, ReadJobs(job=job))
        assert stored.jobs[0].target_states == [{"load": 1, "bri": 0}]
        assert (await house.ask(topics.FLAGS, ReadFlags(flag=1))).flags[0].value is True
        made = await house.ask(topics.JOBS, CreateJob(sections=JobSections()))
        assert made.jobs[0].id == job + 1
        run = await house.ask(topics.RUN_JOB, RunJob(job=job))
        assert (await house.run_ended(run.run)).status == "succeeded"
    port = int(broker.url.rpartition(":")[2])
    kept = await retained(port, "jobwire/load/2/info", f"jobwire/job/load/{job}")
    assert kept["jobwire/load/2/info"].json["name"] == "Lamp"
    assert kept[f"jobwire/job/load/{job}"].json["id"] == job


async def test_a_stop_in_order_ends_well(tmp_path: Path, broker: BrokerHandle, database: Database) -> None:
    async with load_processes(tmp_path, broker, database, VIRTUAL_HOUSE, "one") as house:
        await house.job(target_states=[])
        assert house.stop() == 0, house.log()
