"""What is known of an element by its name and by those around it, told once for all that stand at one place of a document.

    HouseManifest                                   Place(local="HouseManifest")
      MasterConsignment                             Place(group=True): it holds the units
        IncludedHouseConsignment                    Place(unit=True)
          SequenceNumeric                           Place(rank=1)
          GrossWeightMeasure                        Place(rank=2, weighs=True, attributes={"unitCode"})

A house manifest has thousands of elements and some dozens of places; documents of one kind share them.
"""

from __future__ import annotations

from gateway.formats.xml.kinds import Kind

_MOST = 4096  # places of a kind that are remembered; messages have a hundred
_ATTRIBUTES = 64  # names of attributes that are remembered of a place
_KINDS = 64  # kinds of documents whose places are remembered


class Place(dict[str, "Place"]):
    """One place, as a dict: qualified name of an element below it -> the place of that, made when it is asked for.

    local: name of its elements without namespace; way: names from below the root down, None off the way to the units.
    outer: its elements are units or stand outside of them; unit: they are units; group: they hold units; named: they have the
    name of a unit. rank, once, weighs: see order_of; attributes: those that nothing is to be said of, without namespaces.
    """

    __slots__ = ("attributes", "depth", "group", "local", "named", "once", "outer", "places", "rank", "unit", "way", "weighs")  # fmt: skip

    def __init__(self, local: str, depth: int, way: tuple[str, ...] | None, places: Places) -> None:
        super().__init__()
        self.local, self.depth, self.way, self.places = local, depth, way, places
        path = places.unit
        self.outer = depth <= (len(path) or 1 << 30)
        self.unit = way == path
        self.group = bool(path) and depth == len(path) - 1
        self.named = bool(path) and local == path[-1]
        self.rank, self.once, self.weighs = 0, False, False
        self.attributes: set[str] = set()

    def __missing__(self, tag: str) -> Place:
        made = self.places.below(self, tag.rpartition("}")[2])
        self[tag] = made
        return made

    def learn(self, names: list[str]) -> None:
        """Remember attributes that nothing is to be said of."""
        if len(self.attributes) + len(names) <= _ATTRIBUTES:
            self.attributes.update(name for name in names if "}" not in name)


class Places:
    """The places of the documents of one kind. unit: names from below the root down to a unit."""

    def __init__(self, kind: Kind | None = None) -> None:
        self.kind, self.unit = kind, kind.unit if kind is not None else ()
        self._count = 0
        self.root = Place(kind.root if kind is not None else "", 0, (), self)

    def below(self, above: Place, local: str) -> Place:
        """Make that of the elements of a name below those of another one."""
        self._count += 1
        if self._count > _MOST:  # a document with names without end; those of messages come again
            self._count = 0
            self.root.clear()
            above.clear()
        way, depth = (*(above.way or ()), local), above.depth + 1
        on_the_way = above.way is not None and way == self.unit[:depth]
        place = Place(local, depth, way if on_the_way else None, self)
        if self.kind is not None and self.kind.order:
            place.rank, place.once, place.weighs = order_of(self.kind, above.local, local)
        return place


NO_PLACE = Places().root
_made: dict[int, Places] = {}  # by the identity of their kinds, which they hold


def places_of(kind: Kind) -> Places:
    """Return the places of the documents of a kind."""
    if id(kind) not in _made:
        if len(_made) >= _KINDS:
            _made.clear()
        _made[id(kind)] = Places(kind)
    return _made[id(kind)]


def order_of(kind: Kind, up: str, tag: str) -> tuple[int, bool, bool]:
    """Return what Remarks.look has to be called for, of elements of a name below another one: (rank, once, weighs).

    rank: in their order, when one of a higher rank stands before them; -1 = always. once: when they stand again;
    weighs: when their unitCode is none of UNITS.
    """
    names, ranks, free = kind.names.get(up), kind.order.get(up), kind.many.get("*")
    strange = names is not None and names.children is not None and tag not in names.children
    if free is not None:
        return -1 if strange else 0, tag not in free, False
    rank = 0 if ranks is None else ranks.get(tag, -1)
    once = ranks is not None and tag in ranks and tag not in kind.many.get(up, ())
    return -1 if strange else rank, once, tag.endswith("WeightMeasure")
