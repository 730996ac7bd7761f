"""Unpacks the distribution's Mosquitto and the libraries it lacks into a folder: apt downloads, dpkg-deb unpacks."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PACKAGE = "mosquitto"
ROOT = "root"
DOWNLOAD_WITHIN = 240
CLOSURE = (
    "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces",
    "--no-enhances", PACKAGE,
)  # fmt: skip


class UnpackFailed(Exception):
    """The package could not be fetched or lacks libraries; the text says why."""


def program_in(folder: Path) -> tuple[Path, dict[str, str]] | None:
    """The program unpacked in `folder` and the environment it needs, or None."""
    path = folder / ROOT / "usr" / "sbin" / "mosquitto"
    return (path, _libraries(folder / ROOT)) if path.exists() else None


def unpack(folder: Path) -> None:
    """Fetch and unpack into `folder`. Safe when several do it at once; a half-done one is never seen.

    Raises `UnpackFailed`.
    """
    with _alone(folder):
        if program_in(folder) is not None:
            return
        with tempfile.TemporaryDirectory(prefix=".unpack-", dir=folder) as scratch:
            root = _unpack_into(Path(scratch))
            root.rename(folder / ROOT)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _unpack_into(scratch: Path) -> Path:
    root = scratch / ROOT
    root.mkdir(mode=0o755)
    debs = scratch / "debs"
    debs.mkdir()
    options = _usable_lists(scratch, debs)
    _fetch([PACKAGE], debs, options)
    _extract(debs, root)
    if _missing(root):
        _fetch(_absent_libraries(options), debs, options)
        _extract(debs, root)
    lacking = _missing(root)
    if lacking:
        raise UnpackFailed(f"the distribution's package lacks {', '.join(lacking)}")
    return root


def _usable_lists(scratch: Path, debs: Path) -> list[str]:
    """The options of apt with which the package is known: the machine's own lists, else fresh ones in `scratch`."""
    as_user = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
    cached = [*as_user, "-o", f"Dir::Cache={scratch / 'cache'}"]
    (scratch / "cache" / "archives" / "partial").mkdir(parents=True)
    if _succeeds(["apt-get", *cached, "--print-uris", "download", PACKAGE], debs):
        try:
            _fetch([PACKAGE], debs, cached)
        except UnpackFailed:  # the lists are older than the archive
            pass
        else:
            return cached
    (scratch / "lists" / "partial").mkdir(parents=True)
    own = [*cached, "-o", f"Dir::State::Lists={scratch / 'lists'}"]
    _run(["apt-get", *own, "update"], debs)
    return own


def _fetch(packages: Sequence[str], debs: Path, options: Sequence[str]) -> None:
    if packages and not all(any(debs.glob(f"{package}_*.deb")) for package in packages):
        _run(["apt-get", *options, "download", *packages], debs)


def _extract(debs: Path, root: Path) -> None:
    for deb in sorted(debs.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(deb), str(root)], debs)


def _absent_libraries(options: Sequence[str]) -> list[str]:
    """The libraries in the package's closure that this machine does not have."""
    closure = _run(["apt-cache", *options, *CLOSURE], Path("/"))
    wanted = {line for line in closure.splitlines() if re.match(r"lib[a-z0-9.+-]+$", line)}
    listed = _run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n"], Path("/"))
    present = {line.split()[0] for line in listed.splitlines() if line.endswith(" installed")}
    return sorted(wanted - present)


def _missing(root: Path) -> list[str]:
    """The names of the libraries that the loader does not find."""
    shown = subprocess.run(  # noqa: S603
        ["ldd", str(root / "usr" / "sbin" / "mosquitto")],  # noqa: S607
        env={**os.environ, **_libraries(root)}, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    return re.findall(r"^\s*(\S+) => not found", shown.stdout, re.MULTILINE)


def _libraries(root: Path) -> dict[str, str]:
    folders = sorted({str(path.parent) for path in root.glob("**/*.so*")})
    before = os.environ.get("LD_LIBRARY_PATH")
    return {"LD_LIBRARY_PATH": ":".join([*folders, *([before] if before else [])])}


def _succeeds(command: list[str], folder: Path) -> bool:
    try:
        _run(command, folder)
    except UnpackFailed:
        return False
    return True


def _run(command: list[str], folder: Path) -> str:
    program = shutil.which(command[0]) or command[0]
    try:
        done = subprocess.run(  # noqa: S603
            [program, *command[1:]], cwd=folder, env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True,
            timeout=DOWNLOAD_WITHIN, check=True,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise UnpackFailed(f"`{' '.join(command[:1])} … {command[-1]}` failed ({last})") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnpackFailed(f"`{command[0]}` failed ({error})") from None
    return done.stdout
