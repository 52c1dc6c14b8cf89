"""The frame of the HTML pages that commands write: one file each, which needs nothing else, on a phone and on paper too."""

from __future__ import annotations

import html


def html_page(title: str, style: str, body: str) -> str:
    """Return a page. title: plain text; style: CSS; body: HTML."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{style}</style></head><body>{body}</body></html>\n"
    )
