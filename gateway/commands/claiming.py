"""`gateway claim`: a received file whose claim.json cannot be read gets it again, by what a person knows of it."""

from __future__ import annotations

from gateway.errors import ConfigError, did_you_mean
from gateway.shell import orders
from gateway.shell.claims import ClaimError, owner, read_claim, rest_of_claim
from gateway.shell.folders import ReceiptIds, StateFolders
from gateway.shell.orders import Order
from gateway.shell.responses import RECEIVER
from gateway.site import Site


def order_claim(site: Site, receipt: str, partner: str, file: str, why: str) -> Order:
    """Order it and return the order. partner, file: "" = what can still be read.

    Raises ConfigError when there is nothing to mend, or something is missing or wrong.
    """
    folders = StateFolders(site.settings.state_dir)
    place = folders.work / receipt
    if not receipt or "/" in receipt or not place.is_dir():
        raise ConfigError(
            f"{receipt} is no drop in the work folder.", "Take the receipt that the alert DROP-CLAIM names."
        )
    try:
        found = read_claim(place)
    except ClaimError:
        pass
    else:
        raise ConfigError(
            f"The claim of {receipt} can be read: {found.file_name} of {found.partner}.", "Nothing is to be done."
        )
    order = Order(orders.CLAIM, receipt, why, partner=_partner(site, owner(place), partner), file=file or rest_of_claim(place, "file_name"))  # fmt: skip
    if not order.file:
        raise ConfigError(
            "The name of the file cannot be read any more.", "Say it: --file NAME; the answers are named after it."
        )
    orders.give(folders, ReceiptIds(), order)
    return order


def _partner(site: Site, owned: str, said: str) -> str:
    """Return whose file it is. Raises ConfigError when nobody knows, or when the folder says another."""
    known = {*site.partners, *([RECEIVER] if site.settings.responses_dir is not None else [])}
    if owned in known and said not in ("", owned):
        raise ConfigError(f"The file is one of {owned}, its folder says so.", f"Write --partner {owned}.")
    name = said or owned
    if not name:
        raise ConfigError(
            "Whose file it is cannot be read any more.",
            "Say it: --partner NAME; its bytes are the file raw in its folder.",
        )
    if name not in known:
        raise ConfigError(f"There is no partner {name}.", did_you_mean(name, known, "Take the name of a partner file."))
    return name
