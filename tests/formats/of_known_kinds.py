"""What a mapping makes of one unit: the same whether the reader knew its kinds or not."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from gateway.mapping import forms
from gateway.mapping.folder import MappingSet
from gateway.profile import Profile
from gateway.records import Unit


def made_at_once(monkeypatch: pytest.MonkeyPatch, plans: ModuleType) -> None:
    """Let plans of shipments and functions for their kinds be made when they come for the first time. plans: of the format."""
    plans.plans_of.cache_clear()
    monkeypatch.setattr(plans, "_OFTEN", 1)
    monkeypatch.setattr(forms, "_OFTEN", 1)


def said(mappings: MappingSet, unit: Unit, profile: Profile) -> Any:
    """Return draft, findings and the place of each field; None without a mapping."""
    unit.message.cache.clear()  # what the header gives is told with the first shipment only
    program = mappings.program(unit.message.format, unit.message.type, unit.message.version)
    if program is None:
        return None
    one = program.run(unit.message, unit.node, profile)
    return one.draft, one.findings, [one.locate("/" + name) for name in one.draft]
