"""The process that worker processes are forked from: it has imported and loaded everything once, and does nothing else.

    gateway serve ── starts ──> nursery (one version of the tables) ── forks ──> worker, worker, worker

So a worker is there within milliseconds, shares the memory of the tables, and one that is started again after a death has
the same version even when the profile folder was changed or broken meanwhile. Changed tables get a nursery of their own.
It ends when its gateway does: the pipe between them is then closed.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from typing import NoReturn

from gateway.errors import GatewayError
from gateway.shell import heap
from gateway.shell.crew import Recipe, Shop
from gateway.shell.desk import frames
from gateway.shell.service import rather_than_others
from gateway.shell.worker import Worker

FORK = "fork"


def make(recipe: Recipe) -> Shop:
    """Make what a recipe says."""
    module, _, name = recipe.function.partition(":")
    shop = getattr(import_module(module), name)(*recipe.facts)
    assert isinstance(shop, Shop)
    return shop


def main() -> None:
    """Run with the descriptor of the pipe to the gateway as first argument; others are only held open (the lock)."""
    # the gateway alone decides when to end: a terminal or a service manager signals the whole group
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    gateway = Connection(int(sys.argv[1]))
    try:
        sys.path[:], recipe = gateway.recv()
        shop = _loaded(recipe, gateway)
        while shop is not None:
            gateway.recv()
            _fork(gateway, recv_handle(gateway), shop)
    except (EOFError, OSError):  # the gateway is gone
        return


def _loaded(recipe: Recipe, gateway: Connection) -> Shop | None:
    """Load everything; tell the gateway "" or what is wrong."""
    try:
        shop = make(recipe)
    except GatewayError as error:
        gateway.send(str(error))
    except Exception as error:
        gateway.send(f"{type(error).__name__} at {frames(error)}")
    else:
        heap.settle()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # workers that end leave no zombie; the gateway sees their pipe
        gateway.send("")
        return shop
    return None


def _fork(gateway: Connection, handle: int, shop: Shop) -> None:
    if os.fork():
        os.close(handle)
        return
    rather_than_others()
    gateway.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # it starts gpg and waits for it
    _work(Connection(handle), shop)


def _work(gateway: Connection, shop: Shop) -> NoReturn:
    try:
        Worker(gateway, shop).run()
        os._exit(0)
    finally:
        os._exit(1)  # whatever happened, the child never runs the nursery's code


if __name__ == "__main__":
    main()
