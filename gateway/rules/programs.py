"""Under which program a partner files: what the exemption's rules are for, and what is an informal entry."""

from __future__ import annotations

from decimal import Decimal

DE_MINIMIS = frozenset(("section_321_pilot", "entry_86"))
INFORMAL = frozenset(("entry_11", "entry_13", "postal_imdw"))
INFORMAL_USD = Decimal(2500)
"""19 CFR 143.21, 145.12: above it a formal entry is needed."""
