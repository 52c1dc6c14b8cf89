"""Which keys an ACE trip in JSON has: those that our mapping reads, and those that are known and not passed on.

ace_keys.csv: passed is "" for what the mapping reads, "no" for what is known and not passed on, "none" for what says
nothing of a shipment. A row of these two stands for all that is below its key too (truck: truck.licensePlate.number).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from gateway.formats.tabular.layout import Header
from gateway.formats.tabular.rows import plain_name
from gateway.shipped import files, table_rows

NOT_KNOWN, NOT_PASSED = "", "no"


@cache
def ace_keys() -> dict[str, str]:
    """Return plain key -> passed."""
    rows = table_rows(files(__package__).joinpath("ace_keys.csv").read_text("utf-8"))
    return {plain_name(row["key"]): row["passed"] for row in rows}


def ace_strangers(header: Header) -> Iterator[tuple[int, str, str]]:
    """Yield (index, name, NOT_KNOWN or NOT_PASSED) of the keys that are not passed on; of what is below a known one only that."""
    keys, own = ace_keys(), header.own()
    told: set[str] = set()
    for index, (name, standard) in enumerate(zip(header.names, header.standard, strict=True)):
        inner, mark, key = name.rpartition("[].")
        bare = key.removesuffix(" (list of objects)")
        top = bare if keys.get(plain_name(bare)) else bare.partition(".")[0]
        means = (plain_name(key), plain_name(standard.name if standard is not None else ""))
        if passed := keys.get(plain_name(top)):
            shown = f"{inner}{mark}{top}"
            if passed == NOT_PASSED and shown not in told:
                told.add(shown)
                yield index, shown, NOT_PASSED
        elif not own & set(means) and not any(m in keys and header.known.get(m) == index for m in means):
            yield index, name, NOT_KNOWN
