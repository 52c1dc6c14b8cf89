"""`gateway check` of a wrapped file: what the partner's profile lets in is looked at file by file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.formats.detect import HEAD
from gateway.site import Site


@contextmanager
def opened(file: Path, site: Site) -> Iterator[list[tuple[str, Path]]]:
    """Give (name, path) of the files in a wrapping that the partner may send; of the file itself in every other case."""
    with file.open("rb") as source:
        profile = site.profile_for(source.read(HEAD))
    if not profile.unwrap:
        yield [(file.name, file)]
        return
    from tempfile import TemporaryDirectory

    from gateway.shell.unwrap import Limits, UnwrapError, take_out, wrapping

    kind = wrapping(file, profile.unwrap)
    with TemporaryDirectory() as folder:
        members = [(file.name, file)]
        if kind:
            home = Path(profile.pgp_home) if profile.pgp_home else None
            limits = Limits(total=site.settings.max_file_bytes)
            try:
                members = [(m.name, m.path) for m in take_out(file, file.name, kind, Path(folder), limits, home)]
            except UnwrapError:  # the file is checked as it is, and held like in the drop folder
                members = [(file.name, file)]
        yield members
