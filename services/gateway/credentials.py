"""Where a request carries its credential, and whether a page of another site has sent it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from services.gateway.public_address import header


def bearer_key(authorization: bytes) -> str | None:
    """The key in an `Authorization: Bearer <key>`; one client library writes `Bearer:`."""
    scheme, _, key = authorization.decode("latin-1").partition(" ")
    return key.strip() if scheme.rstrip(":").lower() == "bearer" else None


def is_from_our_pages(scope: Any, base: str) -> bool:
    """Whether it comes from a page of our own, at our address `base` as the client knows it, or from no page at all."""
    if header(scope, b"sec-fetch-site") not in ("", "same-origin", "none"):
        return False
    origin = header(scope, b"origin")
    return not origin or urlsplit(origin).netloc == urlsplit(base).netloc
