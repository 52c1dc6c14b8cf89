"""`gateway replay WHAT`: judges kept files again with the tables of today; what was delivered is not delivered twice.

Held drops go on where they stopped. With --dry-run the files are judged in memory and nothing is ordered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gateway.catalogue import load_catalogue
from gateway.check import describe, gather
from gateway.commands.since import start_of
from gateway.commands.status import ledger_of, named, refusing
from gateway.commands.versions import Kept
from gateway.errors import ConfigError, did_you_mean
from gateway.formats import folder_of
from gateway.profile import Profile
from gateway.shell import versions
from gateway.shell.claims import is_member, raw_path
from gateway.shell.folders import ReceiptIds, StateFolders, parse_instant, read_blocks
from gateway.shell.history import SqlHistory
from gateway.shell.ledger import Drop, Ledger
from gateway.shell.newer import overtaken
from gateway.shell.orders import REPLAY, Order, give
from gateway.shell.outbox import outputs_of
from gateway.shell.process import OvertakenError
from gateway.shell.schema import drops as drop_rows
from gateway.shell.unwrap import KINDS, Limits, UnwrapError, take_out, wrapping
from gateway.shell.vault import Vault
from gateway.shell.versions import Known
from gateway.site import Site
from gateway.translate import translate

_HELD = ("failed", "quarantined")
_SENT = ("delivery", "ack", "receipt")
_KINDS = ("held", "refused")
_COUNTS = ("found", "accepted", "rejected", "duplicate")


def replay(
    site: Site, what: str, now: datetime, *, since: str = "", partner: str = "", rule: str = "", dry: bool, why: str,
    mapping: str = "",
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yield one object per drop: what it was, and either the order or (dry) what would become of it.

    what: receipt, file name, shipment number, "refused" or "held". mapping: a version that was in force once, for the
    messages that its mapping reads; all else is that of today. Raises ConfigError when nothing fits.
    """
    ledger, folders = ledger_of(site), StateFolders(site.settings.state_dir)
    ids = ReceiptIds(last=ledger.newest_receipt(folders))
    vault, kept = site.vault, Kept(site.settings.state_dir)
    try:
        version = versions.find(ledger, mapping) if mapping else None
        _check_names(site, ledger, partner, rule)
        found = list(_chosen(site, ledger, what, start_of(since, now) if since else None, partner, rule))
        if not found:
            narrowed = [
                f"{name} {value}"
                for name, value in (("--since", since), ("--partner", partner), ("--rule", rule))
                if value
            ]
            mend = (
                f"Leave out {' or '.join(narrowed)}." if narrowed else "gateway status lists receipts and file names."
            )
            raise ConfigError(f"No drop fits {' '.join((what, *narrowed))}.", mend)
        if len(found) > 1 and what not in _KINDS:
            names = ", ".join(f"{d.receipt} ({d.file_name})" for d in found)
            raise ConfigError(f"{what} is a number of shipments of {len(found)} files.", f"Name one of them: {names}.")
        for drop in found:
            facts: dict[str, Any] = {"receipt": drop.receipt, "partner": drop.partner, "file": drop.file_name}
            facts["before"] = {"state": drop.state, **{name: getattr(drop, name) for name in _COUNTS}}
            facts |= {"mapping": version.name} if version else {}
            refusal = _refusal(drop, folders, vault) or _misfit(drop, version, kept) or _overtaken(drop, ledger)
            if refusal:
                yield facts | {"refused": refusal}
            elif dry:
                yield facts | {"now": _judged(site, drop, ledger, folders, now, version, kept)}
            else:
                name = give(folders, ids, Order(REPLAY, drop.receipt, why, mapping=version.name if version else ""))
                yield facts | {"ordered": drop.receipt if drop.state in _HELD else name}
    finally:
        ledger.close()


def _check_names(site: Site, ledger: Ledger, partner: str, rule: str) -> None:
    """Raise ConfigError for a rule that does not exist, and for a partner that neither is one nor ever sent anything."""
    if partner and partner not in site.partners and not ledger.find(drop_rows.c.partner == partner, newest=1):
        raise ConfigError(f"There is no partner {partner}.", f"Known: {', '.join(site.partners)}.")
    rules = [known.rule for known in load_catalogue()]
    if rule and rule not in rules:
        raise ConfigError(
            f"There is no rule {rule}.", did_you_mean(rule.upper(), rules, "gateway explain --all lists them.")
        )


def _chosen(site: Site, ledger: Ledger, what: str, start: datetime | None, partner: str, rule: str) -> Iterator[Drop]:
    if what in _KINDS:
        every = ledger.find()
        found = [d for d in every if d.state in _HELD] if what == "held" else _still_refused(every)
    else:
        found = named(site, ledger, what)
    for drop in found:
        fits = start is None or parse_instant(drop.received_at) >= start
        if fits and partner in ("", drop.partner) and (not rule or rule in refusing(site, ledger, drop, "rule")):
            yield drop


def _still_refused(drops: list[Drop]) -> list[Drop]:
    """Return of each content the last judgement, where it refuses something: a replay stands for what it replays."""
    last = {(d.partner, d.sha256): d for d in drops if d.state == "done"}
    return [drop for drop in last.values() if drop.rejected]


def _refusal(drop: Drop, folders: StateFolders, vault: Vault) -> str:
    """Return why a drop cannot be replayed, "" when it can."""
    place = folders.find(drop.receipt)
    if drop.state not in ("done", "duplicate", *_HELD):
        return "It is still in work."
    if place is None or not vault.exists(raw_path(place)):
        return "Its bytes are not kept any more."
    if drop.format in KINDS and drop.state == "done":
        return "It is a wrapping; replay the files that were taken out of it."
    if drop.format == "responses":
        return "It holds responses of the receiver, which are passed on once."
    return ""


def _misfit(drop: Drop, version: Known | None, kept: Kept) -> str:
    """Return why a mapping version has nothing to say about a drop, "" when it may."""
    if version is None:
        return ""
    if drop.state in _HELD:
        return "It is held: it goes on with the tables of today. Replay it without --mapping first."
    if folder_of(drop.format) != kept.format(version.name):
        return f"{version.mapping} does not read a file of this format."
    return ""


def _overtaken(drop: Drop, ledger: Ledger) -> str:
    """Return why what is left of a failed drop is not sent any more, "" when it is."""
    number = overtaken(ledger, drop) if drop.state == "failed" else 0
    return OvertakenError(number).message if number else ""


class _Trial(SqlHistory):
    """The ledger's history, to be asked only: control numbers are not used up."""

    def next_control(self, scope: str) -> int:
        """Return a number that is never sent."""
        return 1


def _judged(
    site: Site, drop: Drop, ledger: Ledger, folders: StateFolders, now: datetime, version: Known | None, kept: Kept
) -> dict[str, Any]:
    """Return what a replay would come to. duplicate: delivered before, unchanged. sends: files of a drop that was judged before."""
    partner, place = site.partners.get(drop.partner), folders.find(drop.receipt)
    if partner is None or place is None:
        return {"error": f"There is no partner {drop.partner} any more."}
    if drop.state == "failed":
        return {"verdict": drop.verdict, "sends": sum(1 for _ in outputs_of(ledger, drop.receipt, _SENT, "held"))}
    profile, raw = partner.profile, raw_path(place)
    held = drop.state == "quarantined"
    if held and (first := ledger.same_content(drop.partner, drop.sha256, drop.receipt)) is not None:
        return {"error": f"The same bytes were taken under {first.receipt}; it would get their answers."}
    at, again = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), ledger.receipts_of(drop.partner, drop.sha256)
    profile = kept.remap(profile, version.name) if version else profile
    profile = profile.of_release() if held else profile.of_replay()
    totals, rules, verdicts = Counter[str](), Counter[str](), []
    with (
        closing(_Trial(ledger, drop.partner, at, again=again)) as history,
        _files(site, drop, raw, profile if held else None) as files,
    ):
        try:
            for name, blocks in files:
                outcome, _ = gather(translate(blocks, profile, now, history, name=name))
                found = describe(outcome, name, profile)
                verdicts.append(found["verdict"])
                totals.update(found["shipments"])
                rules.update(f["rule"] for f in found["findings"] if f["severity"] == "error")
        except UnwrapError as error:
            return {"error": f"It would be held again: {error}"}
    verdict = verdicts[0] if len(set(verdicts)) == 1 else "partial"
    return {"verdict": verdict, **totals, "rules": dict(rules)}


@contextmanager
def _files(
    site: Site, drop: Drop, raw: Path, profile: Profile | None
) -> Iterator[Iterable[tuple[str, Iterable[bytes]]]]:
    """Give name and bytes of a drop's file, or of those in a wrapping that the profile lets in. Raises UnwrapError when they are asked for."""
    whole = [(drop.file_name, site.vault.blocks(raw))]
    if profile is None or not profile.unwrap or is_member(drop.receipt):
        yield whole
        return
    with TemporaryDirectory() as folder:
        copy, out = Path(folder) / "raw", Path(folder) / "out"
        with copy.open("wb") as file:
            file.writelines(site.vault.blocks(raw))
        kind, home = wrapping(copy, profile.unwrap), Path(profile.pgp_home) if profile.pgp_home else None
        out.mkdir()
        limits = Limits(total=site.settings.max_file_bytes)
        yield _members(copy, drop.file_name, kind, out, limits, home) if kind else whole


def _members(*what: Any) -> Iterator[tuple[str, Iterable[bytes]]]:
    for member in take_out(*what):
        yield member.name, read_blocks(member.path)


def is_serving(state_dir: Path) -> bool:
    """True when a gateway works on the state folder."""
    from gateway.shell.lock import StateLock

    try:
        StateLock(state_dir).close()
    except ConfigError:
        return True
    return False
