"""The page on which a person lets an application in: HTML alone, no script, nothing loaded from elsewhere.

The form asks for the password (or a key) together with the decision: no cookie takes part, so no other site's page can
decide in somebody's name, and nothing stays logged in afterwards.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape

from services.gateway.callers.application_keys import AppKeyRequest
from services.gateway.replies import Reply

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem}"
    "label{display:block;margin:.8rem 0 .2rem}input{width:100%;box-sizing:border-box;padding:.5rem;font:inherit}"
    "button{margin:1.2rem .6rem 0 0;padding:.5rem 1.2rem;font:inherit}.wrong{color:#b00020}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}.wrong{color:#ff8a80}}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_HEADERS = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", _POLICY.encode()),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
_FORM = (
    '<form method="post" autocomplete="off">'
    '<label for="user">User name</label><input id="user" name="user" value="{user}">'
    '<label for="pass">Password</label><input id="pass" name="pass" type="password">'
    '<label for="apikey">or an API key instead of both</label><input id="apikey" name="apikey" type="password">'
    '<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button></form>'
)
_FOR_ONE = "It asks for a key of <b>{user}</b>; only {user} and an administrator can decide."
_FOR_ANYBODY = "Its key will be able to do what the account can that you log in with."
_HEADLINE = "An application asks for a key"


def form(request: AppKeyRequest, *, wrong: str = "", status: int = 200, retry_after: int | None = None) -> Reply:
    """The page with the question; `wrong` says why the last answer did not count."""
    name, address, user = escape(request.application), escape(request.address), escape(request.user or "")
    whose = _FOR_ONE.format(user=user) if user else _FOR_ANYBODY
    lines = [
        f"<p>An application that calls itself <b>{name}</b>, at <code>{address}</code>, wants to use Jobwire.</p>",
        f"<p>{whose} Deny it unless you have just asked for this yourself.</p>",
        f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else "",
        _FORM.format(user=user),
    ]
    extra = [(b"retry-after", b"%d" % retry_after)] if retry_after else []
    return _page(_HEADLINE, "".join(lines), status, extra)


def decided(*, granted: bool) -> Reply:
    """The page after a decision."""
    what = "The application gets its key." if granted else "The application gets no key."
    return _page(what, "<p>You can close this page.</p>", 200)


def ended() -> Reply:
    """The page for a request that is unknown, decided, or no longer polled for."""
    return _page(
        "This request has ended", "<p>It was decided, or the application has given up. Ask again there.</p>", 404
    )


def _page(title: str, body: str, status: int, extra: list[tuple[bytes, bytes]] | None = None) -> Reply:
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style><h1>{title}</h1>{body}</html>"
    )
    return Reply(status, [*_HEADERS, *(extra or [])], text.encode())
