"""Rules of the whole suite: what it ran against is printed, and a skip that nobody listed is a failure."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

from tests.support.database import database, database_settings, databases_of

__all__ = ["database", "database_settings"]  # fixtures

_ALLOWED = Path(__file__).parent / "allowed_skips.toml"

# Here the usual run is content with SQLite: the database is asked nothing that the rest does not ask PostgreSQL too.
_SQLITE_ONLY = (
    "contract/octoprint/clients",
    "contract/octoprint/openapi",
    "contract/octoprint/push",
    "contract/octoprint/test_hostile_bodies.py",
    "contract/octoprint/test_hostile_names.py",
    "contract/octoprint/test_printer_bodies.py",
    "contract/octoprint/test_printer_commands.py",
    "contract/octoprint/test_printer_parts.py",
    "contract/octoprint/test_rights.py",
    "contract/octoprint/test_ways_of_http.py",
    "contract/wiser",
    "system/clients",
    "system/printing/test_hundred_thousand_lines.py",
    "system/printing/test_two_printers.py",
    "unit/gateway/push",
    "unit/load_controller",
)


def _allowed_reasons() -> list[re.Pattern[str]]:
    with _ALLOWED.open("rb") as file:
        return [re.compile(entry["reason"]) for entry in tomllib.load(file).get("skip", [])]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--database` runs all tests that use a database on one kind, and only these."""
    kinds = ("each", "sqlite", "postgresql")
    parser.addoption("--database", choices=kinds, default="each", help="where tests run that use a database")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "database(*kinds): where this test runs, instead of once on each database")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which brokers and databases this run uses, so that nothing is left out in silence."""
    from tests.support.broker import describe_brokers
    from tests.support.postgresql import described

    chosen = config.getoption("database")
    if chosen != "each":
        databases = [f"databases: {chosen} alone"]
    else:
        databases = ["databases: SQLite and PostgreSQL", f"on SQLite alone: {', '.join(_SQLITE_ONLY)}"]
    return [*describe_brokers(), *databases, f"PostgreSQL: {described()}"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for `database` on each of them."""
    if "database" in metafunc.fixturenames:
        kinds = databases_of(metafunc, metafunc.config.getoption("database"), _SQLITE_ONLY)
        metafunc.parametrize("database", kinds, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--database` leave out what uses none, and what cannot use this one."""
    chosen = config.getoption("database")
    if chosen == "each":
        return
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (kept if _database_of(item) == chosen else left_out).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


def _database_of(item: pytest.Item) -> str | None:
    call = getattr(item, "callspec", None)
    return call.params.get("database") if call is not None else None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Turn a skip whose reason is not listed in `allowed_skips.toml` into a failure."""
    outcome = yield
    report = outcome.get_result()
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(pattern.search(reason) for pattern in _allowed_reasons()):
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid} was skipped for a reason that tests/allowed_skips.toml does not list: {reason}"
        )


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the developer's own shell reaches a test; `JOBWIRE_TEST_*` says what to run against."""
    for name in list(os.environ):
        if name.startswith("JOBWIRE_") and not name.startswith("JOBWIRE_TEST_"):
            monkeypatch.delenv(name)
