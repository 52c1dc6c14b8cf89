"""The choice between several programs of one message type, by a condition on the header."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.mapping.mapped import Later
from gateway.mapping.program import CompiledProgram
from gateway.mapping.sources import Condition, Run
from gateway.profile import MappedShipment, Profile
from gateway.records import Message

Way = tuple[Condition | None, Callable[[], CompiledProgram]]
"""The condition of a program, and what gives it."""


class ProgramChoice:
    """Several programs of one message type, each under a condition on the header; the first that holds runs.

    A program is compiled when it is chosen. What the choice itself says of mapping and units is that of the first.
    """

    def __init__(self, ways: list[Way]) -> None:
        self._ways = ways

    @property
    def mapping_id(self) -> str:
        """See gateway.profile.Program."""
        return self._ways[0][1]().mapping_id

    @property
    def mapping_version(self) -> str:
        """See gateway.profile.Program."""
        return self._ways[0][1]().mapping_version

    @property
    def unit_path(self) -> tuple[str, ...]:
        """See gateway.profile.Program."""
        return self._ways[0][1]().unit_path

    def run(self, message: Message, node: Any, profile: Profile) -> MappedShipment:
        """Map one unit with the program whose condition holds for this message."""
        return self.choose(message, profile).run(message, node, profile)

    def later(self, message: Message, node: Any, profile: Profile) -> Later:
        """See CompiledProgram."""
        return self.choose(message, profile).later(message, node, profile)

    def selects(self, message: Message, profile: Profile, tag: str) -> frozenset[str]:
        """See CompiledProgram."""
        return self.choose(message, profile).selects(message, profile, tag)

    def reads(self, message: Message, profile: Profile, unit: tuple[str, ...]) -> dict[str, Any]:
        """See CompiledProgram."""
        return self.choose(message, profile).reads(message, profile, unit)

    def choose(self, message: Message, profile: Profile) -> CompiledProgram:
        """Return the program for a message; the last one when no condition holds."""
        chosen = message.cache.get("program")
        if chosen is None:
            run = Run(message, profile)
            way = next(
                (give for holds, give in self._ways if holds is None or holds(message.root, message.root, run)),
                self._ways[-1][1],
            )
            chosen = message.cache["program"] = way()
        program: CompiledProgram = chosen
        return program
