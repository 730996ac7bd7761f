"""`/docs`: all OpenAPI documents as one page of plain HTML: no script, nothing loaded from elsewhere. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from services.gateway.replies import Reply

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "summary{padding:.25rem 0;cursor:pointer}summary b{display:inline-block;min-width:4.5rem}"
    "details{border-bottom:1px solid #8884}details div{padding:0 0 1rem 1.2rem}"
    "pre{overflow-x:auto;padding:.6rem;background:#8881}table{border-collapse:collapse}"
    "td{padding:.1rem 1rem .1rem 0;vertical-align:top}.old{opacity:.6}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}a{color:#8cf}}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", f"default-src 'none'; style-src 'sha256-{_HASH}'".encode()),
    (b"x-content-type-options", b"nosniff"),
]
_METHODS = ("get", "post", "put", "patch", "delete")

Document = Mapping[str, Any]


def reply(page_text: str) -> Reply:
    """The answer with this page."""
    return Reply(200, _HEADERS, page_text.encode())


def page(documents: Mapping[str, Document]) -> str:
    """The page of these documents, by the prefix under which each is served."""
    body = "".join(part for prefix, document in documents.items() for part in _document(prefix, document))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Jobwire: the APIs</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style><h1>The APIs</h1>{body}</html>"
    )


def _document(prefix: str, document: Document) -> Iterator[str]:
    about, address = document["info"], escape(f"/{prefix}/openapi.json")
    yield f"<h2>{escape(about['title'])}</h2><p>{escape(about['description'])}</p>"
    yield f'<p><a href="{address}">{address}</a></p>'
    operations: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                shown = _operation(document, path, method, methods[method])
                operations.setdefault(methods[method]["tags"][0], []).append(shown)
    for tag, entries in sorted(operations.items()):
        yield f"<h3>{escape(tag.capitalize())}</h3>{''.join(entries)}"


def _operation(document: Document, path: str, method: str, operation: Document) -> str:
    old = ' class="old"' if operation.get("deprecated") else ""
    body = operation.get("requestBody")
    parts = [
        f"<p>{escape(operation['description'])}</p>" if operation["description"] else "",
        _parameters(operation["parameters"]),
        _content(document, "Body", body["content"]) if body else "",
        *(_answer(document, status, answer) for status, answer in operation["responses"].items()),
    ]
    return (
        f"<details{old}><summary><b>{method.upper()}</b> <code>{escape(path)}</code> {escape(operation['summary'])}"
        f"</summary><div>{''.join(parts)}</div></details>"
    )


def _parameters(parameters: list[Document]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(each['name'])}</code><td>in the {escape(each['in'])}"
        f"<td>{escape(each.get('description', ''))}<td>{_choices(each['schema'])}"
        for each in parameters
    )
    return f"<table>{rows}</table>" if rows else ""


def _choices(schema: Document) -> str:
    return escape(", ".join(str(value) for value in schema.get("enum", ())) or str(schema.get("type", "")))


def _answer(document: Document, status: str, answer: Document) -> str:
    if "$ref" in answer:
        answer = _resolved(document, answer)
        return f"<p><b>{status}</b> {escape(answer['description'])}</p>"
    headers = "; ".join(f"{name}: {each['description']}" for name, each in answer.get("headers", {}).items())
    line = f"<p><b>{status}</b> {escape(answer['description'])} {escape(headers)}</p>"
    return line + _content(document, "", answer.get("content", {}))


def _content(document: Document, title: str, content: Document) -> str:
    parts = [f"<p><b>{title}</b> {escape(', '.join(content))}</p>" if title else ""]
    for described in content.values():
        examples = described.get("examples", {})
        parts += [_code(name, example["value"]) for name, example in examples.items()]
        if not examples:
            parts.append(_code("schema", _resolved(document, described["schema"])))
    return "".join(parts)


def _resolved(document: Document, node: Document) -> Document:
    """What a reference stands for; anything else as it is."""
    for name in str(node.get("$ref", "")).split("/")[1:]:
        document = document[name]
    return document if "$ref" in node else node


def _code(name: str, value: Any) -> str:
    return (
        f"<p>{escape(name.replace('_', ' '))}</p><pre>{escape(json.dumps(value, indent=1, ensure_ascii=False))}</pre>"
    )
