"""Finds Mosquitto on this machine, or unpacks the distribution's own package without root and without installing it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from services.cli.exits import CommandError, Exit
from services.cli.mosquitto_package import UnpackFailed, program_in, unpack

PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/usr/local/opt/mosquitto/sbin")
OLDEST = (2, 0)
INSTALL = {
    "apt-get": "sudo apt-get install mosquitto",
    "dnf": "sudo dnf install mosquitto",
    "pacman": "sudo pacman -S mosquitto",
    "apk": "sudo apk add mosquitto",
    "zypper": "sudo zypper install mosquitto",
    "brew": "brew install mosquitto",
}


@dataclass(frozen=True)
class MosquittoProgram:
    """A Mosquitto that runs here; `env` is what it needs beside the usual environment (its libraries)."""

    path: Path
    env: dict[str, str] = field(default_factory=dict)
    version: tuple[int, ...] = OLDEST

    @property
    def sqlite_plugin(self) -> Path | None:
        """The persistence plugin that Mosquitto has from 2.1 on; with it nothing acknowledged is lost in a crash."""
        if self.version < (2, 1):
            return None
        prefix = self.path.resolve().parent.parent
        found = [*prefix.glob("lib*/mosquitto_persist_sqlite.so"), *prefix.glob("lib*/*/mosquitto_persist_sqlite.so")]
        return found[0] if found else None


def user_cache() -> Path:
    """Where a download is kept for all data folders of this user."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path("~").expanduser() / ".cache") / "jobwire" / "mosquitto"


def find_or_unpack_mosquitto(
    cache: Path,
    *,
    program: str | None = None,
    fallback: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> MosquittoProgram:
    """The configured `program`, else one of this machine, else one unpacked in `cache` (or `fallback`, when `cache`
    cannot be written), else the distribution's package unpacked there now.

    Blocks for some seconds when it has to download. Raises `CommandError` with advice when there is no way.
    """
    if program is not None:
        return _configured(program)
    folders = [folder for folder in (cache, fallback) if folder is not None]
    found = _first_that_runs([*_installed(), *(program_in(folder) for folder in folders)])
    if found is not None:
        return found
    folder = next((each for each in folders if _writable(each)), None)
    if folder is None:
        raise _no_way(f"{cache} cannot be written")
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise _no_way("there is none on this machine")
    say("there is no mosquitto here; unpacking the distribution's own package, nothing is installed")
    try:
        unpack(folder)
    except UnpackFailed as error:
        raise _no_way(str(error)) from None
    unpacked = _first_that_runs([program_in(folder)])
    if unpacked is None:
        raise _no_way("the unpacked one does not run")
    return unpacked


def _configured(program: str) -> MosquittoProgram:
    found = _runs(Path(program), {})
    if found is None:
        raise CommandError(f"broker.program: {program} is no Mosquitto of 2.0 or later that runs here", Exit.WRONG_USE)
    return found


def _installed() -> list[tuple[Path, dict[str, str]]]:
    on_path = shutil.which("mosquitto")
    paths = ([Path(on_path)] if on_path else []) + [Path(place) / "mosquitto" for place in PLACES]
    return [(path, {}) for path in paths if path.exists()]


def _first_that_runs(candidates: list[tuple[Path, dict[str, str]] | None]) -> MosquittoProgram | None:
    tried = (_runs(*candidate) for candidate in candidates if candidate is not None)
    return next((program for program in tried if program is not None), None)


def _runs(path: Path, env: dict[str, str]) -> MosquittoProgram | None:
    """The program, when it starts here and is no older than 2.0 (`-h` prints the version and ends)."""
    try:
        shown = subprocess.run(  # noqa: S603
            [str(path), "-h"], env={**os.environ, **env}, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"mosquitto version (\d+)\.(\d+)(?:\.(\d+))?", shown.stdout)
    version = tuple(int(part) for part in match.groups(default="0")) if match else (0,)
    return MosquittoProgram(path, env, version) if version >= OLDEST else None


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _no_way(reason: str) -> CommandError:
    advice = next((command for tool, command in INSTALL.items() if shutil.which(tool)), "see mosquitto.org/download")
    if sys.platform == "darwin":
        advice = INSTALL["brew"]
    return CommandError(
        f"no MQTT broker: {reason}; get Mosquitto with `{advice}` or name an existing broker with --broker-url",
        Exit.WRONG_USE,
    )


if __name__ == "__main__":  # the installation for the tests fetches it beforehand
    try:
        print(find_or_unpack_mosquitto(user_cache(), say=lambda text: print(text, file=sys.stderr)).path)
    except CommandError as error:
        sys.exit(f"jobwire: {error}")
