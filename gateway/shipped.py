"""Tables that are shipped with the code: CSV files in the folder of a package.

As importlib.resources and csv.DictReader do it, for packages that lie in a folder: a start reads twenty tables with some
thousand rows, and these two cost more than all of it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path


def files(package: str) -> Path:
    """Return the folder of a package."""
    return Path(import_module(package).__path__[0])


def table_rows(text: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV with a header; a cell that a short row does not have is left out.

    >>> list(table_rows("code,means\\nP,prepaid\\nC\\n"))
    [{'code': 'P', 'means': 'prepaid'}, {'code': 'C'}]
    """
    reader = csv.reader(text.splitlines())
    header = next(reader, [])
    for cells in reader:
        if cells:
            yield dict(zip(header, cells, strict=False))
