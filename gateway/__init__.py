"""The Section 321 gateway: carriers' EDI, XML and CSV in; canonical advance data and acknowledgments out."""

from __future__ import annotations

__version__ = "0.1.0"
