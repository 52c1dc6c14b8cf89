"""What is known of an element by its name and by those around it, told once for all that stand at one place of a document.

    HouseManifest                                   Place(local="HouseManifest")
      MasterConsignment                             Place(group=True): it holds the units
        IncludedHouseConsignment                    Place(unit=True)
          SequenceNumeric                           Place(rank=1)
          GrossWeightMeasure                        Place(rank=2, weighs=True, attributes={"unitCode"})

A house manifest has thousands of elements and some dozens of places.
"""

from __future__ import annotations

from collections.abc import Callable

_MOST = 4096  # places of a document that are remembered; messages have a hundred
_ATTRIBUTES = 64  # names of attributes that are remembered of a place

Order = tuple[int, bool, bool]
"""rank, once, weighs: see Remarks.order_of."""


class Place(dict[str, "Place"]):
    """One place, as a dict: qualified name of an element below it -> the place of that, made when it is asked for.

    local: name of its elements without namespace; way: names from below the root down, None off the way to the units.
    outer: its elements are units or stand outside of them; unit: they are units; group: they hold units; named: they have the
    name of a unit. rank, once, weighs: see Order; attributes: those that nothing is to be said of, without namespaces.
    """

    __slots__ = ("attributes", "depth", "group", "local", "named", "once", "outer", "places", "rank", "unit", "way", "weighs")  # fmt: skip

    def __init__(self, local: str, depth: int, way: tuple[str, ...] | None, places: Places) -> None:
        super().__init__()
        self.local, self.depth, self.way, self.places = local, depth, way, places
        path = places.unit
        self.outer = depth <= (len(path) or 1 << 30)
        self.unit = way == path and depth == len(path)
        self.group = bool(path) and depth == len(path) - 1
        self.named = bool(path) and local == path[-1]
        self.rank, self.once, self.weighs = 0, False, False
        self.attributes: set[str] = set()

    def __missing__(self, tag: str) -> Place:
        made = self.places.below(self, tag.rpartition("}")[2])
        if self.places.remembers():
            self[tag] = made
        return made

    def learn(self, names: list[str]) -> None:
        """Remember attributes that nothing is to be said of."""
        if len(self.attributes) + len(names) <= _ATTRIBUTES:
            self.attributes.update(name for name in names if "}" not in name)


class Places:
    """The places of one document. unit: names from below the root down to a unit."""

    def __init__(self, unit: tuple[str, ...] = (), order_of: Callable[[str, str], Order] | None = None) -> None:
        """order_of: (name of an element, name of one below it) -> what its order says; None when it has none."""
        self.unit, self._order_of = unit, order_of
        self._count = 0

    def root(self, local: str) -> Place:
        """Return that of the root."""
        return Place(local, 0, (), self)

    def below(self, above: Place, local: str) -> Place:
        """Make that of the elements of a name below those of another one."""
        way, depth = (*(above.way or ()), local), above.depth + 1
        on_the_way = above.way is not None and way == self.unit[:depth]
        place = Place(local, depth, way if on_the_way else None, self)
        if self._order_of is not None:
            place.rank, place.once, place.weighs = self._order_of(above.local, local)
        return place

    def remembers(self) -> bool:
        """Count a place; False when there are too many to remember it."""
        self._count += 1
        return self._count <= _MOST


NO_PLACE = Places().root("")
