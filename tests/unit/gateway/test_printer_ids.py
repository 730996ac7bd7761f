"""No printer can have a name that an API's own paths begin with: it would never be reached."""

from __future__ import annotations

from services.gateway.dialects.octoprint.application import ROOT_PATHS
from shared.settings import ROUTE_WORDS


def test_every_first_word_of_a_documented_path_is_kept_from_printers() -> None:
    assert {path.split("/")[0] for path in ROOT_PATHS} <= ROUTE_WORDS
