"""The rules of Section 321: dated law, values, identifiers, names and addresses, descriptions."""

from __future__ import annotations

from gateway.rules.rulebook import Rulebook

__all__ = ["Rulebook"]
