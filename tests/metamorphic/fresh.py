"""A gateway that has seen no file: what a file comes to there is what it must come to everywhere.

A process that has loaded all tables, and forgotten what it learned of values meanwhile, is copied (fork) for each question.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import struct
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from gateway.canonical import encode
from gateway.formats.x12.plans import plans_of
from gateway.formats.x12.transitions import machine
from gateway.partner import forget_base_tables
from gateway.rules.folder import load_rulebook
from gateway.site import base_site
from tests.metamorphic.compared import together
from tests.metamorphic.frames import Frame
from tests.metamorphic.profiles import profile_of

Ask = Callable[[Callable[..., Any], Any], Any]
"""(function of a module, its arguments) -> what it gives in a fresh process."""


def forget() -> None:
    """Forget what programs, machines and rules remember of values; tables stay loaded."""
    forget_base_tables()
    load_rulebook.cache_clear()
    base_site.cache_clear()
    machine.cache_clear()
    plans_of.cache_clear()
    for known in encode._shapes.values():
        known.clear()
    profile_of.cache_clear()
    base_site()


def warm_up(frames: dict[str, Frame]) -> None:
    """Load what reading a file of each frame loads."""
    for frame in frames.values():
        together(frame, frame.pieces, profile_of(frame.name, "as it is"))


@contextlib.contextmanager
def nursery(prepare: Callable[[], None]) -> Iterator[Ask]:
    """Start the process that is copied; prepare: run in it once."""
    (there, out), (into, back) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(out), os.close(into)
        prepare()
        _serve(there, back)
        os._exit(0)
    os.close(there), os.close(back)

    def ask(function: Callable[..., Any], arguments: Any) -> Any:
        _send(out, (function, arguments))
        kind, value = _receive(into)
        if kind == "error":
            raise AssertionError(value)
        return value

    try:
        yield ask
    finally:
        os.close(out)
        os.waitpid(child, 0)


def _serve(there: int, back: int) -> None:
    while True:
        asked = _receive(there)
        if asked is None:
            return
        child = os.fork()
        if not child:
            try:
                function, arguments = asked
                answer: Any = ("value", function(*arguments))
            except BaseException:
                answer = ("error", traceback.format_exc())
            _send(back, answer)
            os._exit(0)
        os.waitpid(child, 0)


def _send(pipe: int, value: Any) -> None:
    data = pickle.dumps(value)
    data = struct.pack(">Q", len(data)) + data
    while data:
        data = data[os.write(pipe, data) :]


def _receive(pipe: int) -> Any:
    size = _exactly(pipe, 8)
    return pickle.loads(_exactly(pipe, struct.unpack(">Q", size)[0])) if size else None


def _exactly(pipe: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = os.read(pipe, size - len(data))
        if not more:
            return b""
        data += more
    return data
