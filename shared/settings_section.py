"""A part of the settings tree: frozen, without unknown fields, never showing a secret."""

from __future__ import annotations

from typing import Any

import msgspec

from shared import settings_loading


class Section(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A part of the tree; its text form never shows a secret."""

    def public(self) -> dict[str, Any]:
        """The values with every secret masked, for showing to people."""
        return settings_loading.masked(self)

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={value!r}" for name, value in self.public().items())
        return f"{type(self).__name__}({inner})"
