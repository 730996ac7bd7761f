"""The commands, from parsed options to the code that does them."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
from pathlib import Path

from services.cli.exits import CommandError, Exit
from services.cli.services import SERVICES, absolute, module
from shared.settings import Settings, SettingsError, load_settings
from shared.settings_loading import CONFIG

OPTIONS = {
    "data": "JOBWIRE_DATA",
    "host": "JOBWIRE_GATEWAY_HOST",
    "port": "JOBWIRE_GATEWAY_PORT",
    "broker_port": "JOBWIRE_BROKER_PORT",
    "broker_url": "JOBWIRE_BROKER_URL",
    "log_format": "JOBWIRE_LOG_FORMAT",
}
OWN_BROKER = "mosquitto"


def environ_of(parsed: argparse.Namespace) -> dict[str, str]:
    """The environment with the options laid over it; an option wins over its variable."""
    given = {variable: getattr(parsed, option, None) for option, variable in OPTIONS.items()}
    environ = dict(os.environ)
    for variable, value in given.items():
        if value is not None:
            environ.pop(f"{variable}_FILE", None)
            environ[variable] = str(value)
    if parsed.config is not None:
        environ[CONFIG] = absolute(parsed.config)
    return environ


def settings_of(parsed: argparse.Namespace) -> tuple[Settings, dict[str, str]]:
    """The settings and the environment they came from. Raises `CommandError` (wrong use)."""
    environ = environ_of(parsed)
    try:
        return load_settings(environ), environ
    except SettingsError as error:
        raise CommandError(_by_option(str(error), parsed), Exit.WRONG_USE) from None


def _by_option(sentence: str, parsed: argparse.Namespace) -> str:
    """The sentence with the option instead of the variable, where an option was given."""
    for option, variable in OPTIONS.items():
        if getattr(parsed, option, None) is not None:
            sentence = sentence.replace(variable, f"--{option.replace('_', '-')}")
    return sentence


def up(parsed: argparse.Namespace) -> Exit:
    """`jobwire up`."""
    from services.cli.up import up as run

    if parsed.broker is not None and parsed.broker != OWN_BROKER:
        parsed.broker_url = parsed.broker
    settings_of(parsed)
    return run(environ_of(parsed), own_broker=parsed.broker == OWN_BROKER, quiet=parsed.quiet)


def status(parsed: argparse.Namespace) -> Exit:
    """`jobwire status`."""
    from services.cli.status import status as run

    settings, _ = settings_of(parsed)
    return asyncio.run(run(settings.data_folder, as_json=parsed.json))


def watch(parsed: argparse.Namespace) -> Exit:
    """`jobwire watch`."""
    from services.cli.watch import Watching, broker_of
    from services.cli.watch import watch as run

    settings, environ = settings_of(parsed)
    watching = Watching(parsed.filter or [f"{settings.broker.base}/#"], parsed.json, parsed.count, parsed.within)
    return asyncio.run(run(broker_of(settings, environ), watching))


def migrate(parsed: argparse.Namespace) -> Exit:
    """`jobwire migrate`: each service brings its own database up to date."""
    settings, environ = settings_of(parsed)
    from services.cli.data_folder import prepare

    prepare(Path(absolute(settings.data)))
    for service in SERVICES:
        done = subprocess.run(module(service, "migrate"), env=environ, check=False)  # noqa: S603
        if done.returncode:
            raise CommandError(f"the database of {service} could not be migrated")
    return Exit.DONE


def settings(parsed: argparse.Namespace) -> Exit:
    """`jobwire settings`."""
    print(json.dumps(settings_of(parsed)[0].public(), indent=2))
    return Exit.DONE
