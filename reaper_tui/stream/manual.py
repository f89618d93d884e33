"""The documentation at `/docs`: the OpenAPI document as a page of its own that fetches nothing from anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}"
    "code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{white-space:pre-wrap}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #8886;padding:.3rem .5rem;text-align:left;"
    "vertical-align:top}h2{margin-top:2rem}:root{color-scheme:light dark}"
)


def manual(document: Mapping[str, Any]) -> str:
    """Return a page about an OpenAPI document; everything in it is text."""
    about: Mapping[str, Any] = document["info"]
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>{escape(about['title'])}</title><link rel='icon' href='data:,'>",
        "<link rel='stylesheet' href='manual.css'></head><body>",
        f"<h1>{escape(about['title'])} <small>{escape(about['version'])}</small></h1>",
        *(f"<p>{_with_code(text)}</p>" for text in about.get("description", "").strip().split("\n\n")),
        "<p>For programs: <a href='openapi.json'>openapi.json</a></p>",
    ]
    for path, methods in document["paths"].items():
        for method, facts in methods.items():
            parts += _route(f"{method.upper()} {path}", facts)
    return "".join([*parts, "</body></html>"])


def _route(name: str, facts: Mapping[str, Any]) -> list[str]:
    parts = [f"<h2><code>{escape(name)}</code></h2><p>{_with_code(facts.get('summary', ''))}</p>"]
    parameters: list[Mapping[str, Any]] = facts.get("parameters", [])
    if parameters:
        rows = "".join(
            f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(_range(each.get('schema', {})))}</td>"
            f"<td>{_with_code(each.get('description', ''))}</td></tr>"
            for each in parameters
        )
        parts.append(f"<table><tr><th>Parameter</th><th>Value</th><th></th></tr>{rows}</table>")
    return parts


def _range(schema: Mapping[str, Any]) -> str:
    """Return in words what a value may be."""
    kinds = [each["type"] for each in schema.get("anyOf", [schema]) if each.get("type") not in (None, "null")]
    words = [" or ".join(kinds)]
    if "minimum" in schema or "maximum" in schema:
        words.append(f"{schema.get('minimum', '')} to {schema.get('maximum', '')}")
    if schema.get("default") is not None:
        words.append(f"{schema['default']} when not given")
    return ", ".join(filter(None, words))


def _with_code(text: str) -> str:
    """Return text with what stands between backticks as code."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))
