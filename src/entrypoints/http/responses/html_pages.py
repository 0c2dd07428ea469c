"""Small pages for people: without scripts, and without anything from another host."""

from html import escape
from typing import Final

POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The content security policy of these pages: a browser may load their own style, and the icon."""

ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#1f4e5f"/>'
    '<path d="M2 8q6-7 12 0-6 7-12 0z" fill="#fff"/><circle cx="8" cy="8" r="2.2" fill="#1f4e5f"/></svg>'
)

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "h1{font-size:1.4rem}pre{background:#f3f3f3;padding:.7rem;white-space:pre-wrap;overflow-wrap:anywhere}code,pre{font-family:monospace}"
    "dt{font-weight:600;margin-top:.5rem}dd{margin:0;overflow-wrap:anywhere}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#262626}a{color:#8ab4f8}}"
)


def page(title: str, *parts: str, icon: str = "favicon.svg") -> str:
    """Return a page.

    Args:
        title: plain text.
        parts: HTML.
        icon: URL of the icon, relative to the page.
    """
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="{escape(icon)}" type="image/svg+xml">'
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>\n"
    )


def paragraph(text: str) -> str:
    """Return plain text as an HTML paragraph."""
    return f"<p>{escape(text)}</p>"


def command(text: str) -> str:
    """Return plain text as a preformatted HTML block."""
    return f"<pre>{escape(text)}</pre>"


def table_of(rows: dict[str, str]) -> str:
    """Return names and descriptions, both plain text, as a description list."""
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(said)}</dd>' for name, said in rows.items())}</dl>"


def link_list(links: dict[str, str]) -> str:
    """Return URLs with descriptions, both plain text, as a list of links."""
    items = (f'<li><a href="{escape(at)}">{escape(at)}</a>: {escape(said)}</li>' for at, said in links.items())
    return f"<ul>{''.join(items)}</ul>"
