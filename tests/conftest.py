"""Rules of the whole suite: what it ran against is printed, and a skip that nobody listed is a failure."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

_ALLOWED = Path(__file__).parent / "allowed_skips.toml"


def _allowed_reasons() -> list[re.Pattern[str]]:
    with _ALLOWED.open("rb") as file:
        return [re.compile(entry["reason"]) for entry in tomllib.load(file).get("skip", [])]


def pytest_report_header() -> list[str]:
    """Say which brokers and databases this run uses, so that nothing is left out in silence."""
    from tests.support.broker import describe_brokers
    from tests.support.database import describe_databases

    return [*describe_brokers(), *describe_databases()]


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
