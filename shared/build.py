"""Which Jobwire this is."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """The version of the installed package; `unknown` when it runs from a folder without being installed."""
    try:
        return metadata.version("jobwire")
    except metadata.PackageNotFoundError:
        return "unknown"
