"""`gateway serve`: the engine and its SFTP server, from one profile folder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.canonical.validate import prepare
from gateway.commands.departed import Departed, departed
from gateway.commands.fetching import Fetching, remote_of, sources_of
from gateway.commands.reloading import Print, Watcher, fingerprint, in_one_piece
from gateway.commands.versions import Kept, live
from gateway.errors import ConfigError
from gateway.profile import Identity, Profile
from gateway.shell import versions
from gateway.shell.crew import Recipe, Shop
from gateway.shell.desk import Alert, Result
from gateway.shell.drops import TEMPORARY_AGE_S, Keep, PartnerDrop
from gateway.shell.folders import make_folder, received, utc_now
from gateway.shell.loop import Engine
from gateway.shell.monitor import Monitor
from gateway.shell.pager import Pager
from gateway.shell.responses import RECEIVER
from gateway.shell.room import STATE, Room
from gateway.shell.service import tell
from gateway.shell.sftp_accounts import Account, SftpEvent, log_event
from gateway.shell.sftp_client import SftpTarget
from gateway.shell.sftp_keys import create_host_key
from gateway.shell.sftp_server import SftpDropServer
from gateway.shell.vault import Vault
from gateway.site import Partner, Site, load_site
from gateway.translate import assist, translate

_FAULT_AGAIN = timedelta(minutes=1)
"""Between two alerts of a disk that takes no uploads: a client tries many times."""


@dataclass(frozen=True)
class _Serve:
    """See gateway.shell.drops.ServeConfig."""

    state_dir: Path
    ledger_url: str
    partners: list[PartnerDrop]
    out_dir: Path
    poll_seconds: float
    settle_polls: int
    max_file_bytes: int
    keep: Keep
    vault: Vault


def serve_config(site: Site) -> _Serve:
    """Return what the engine needs of a site; drop folders are created."""
    s = site.settings
    partners = [_drop(site, p) for p in site.partners.values()]
    if s.responses_dir is not None:
        partners.append(_receiver(s.responses_dir))
    make_folder(s.out_dir / "test")
    prepare()
    return _Serve(
        s.state_dir, s.ledger_url, partners, s.out_dir, s.poll_seconds, s.settle_polls, s.max_file_bytes,
        Keep(**s.retention), site.vault,
    )  # fmt: skip


def shop(folder: Path, wanted: Print) -> Shop:
    """Load a profile folder in a worker process. Raises ConfigError when it is not the version that was checked."""
    site, found = in_one_piece(folder, lambda: load_site(folder))
    site.own.tables.compile()  # shared by the workers; partners' own rows are compiled when a file of theirs comes
    if found != wanted:
        raise ConfigError("The profile folder changed while it was loaded.", "Nothing: it is loaded again.")
    return Shop(serve_config(site), translate, assist, remap=Kept(site.settings.state_dir).remap)


def _receiver(folder: Path) -> PartnerDrop:
    """Return the drop folder of the receiver's responses; its receipts go to the sub-folder answers."""
    answers = folder / "answers"
    make_folder(answers)
    return PartnerDrop(
        RECEIVER,
        RECEIVER,
        folder,
        answers,
        answers,
        Profile(RECEIVER, RECEIVER, "", (Identity("*"),), (Identity("*"),)),
    )


def _drop(site: Site, partner: Partner) -> PartnerDrop:
    for folder in ("ack", "reject"):
        make_folder(partner.home / folder)
    if partner.in_dir is not None:
        make_folder(partner.in_dir)
    p = partner.profile
    return PartnerDrop(
        p.partner, p.account, partner.in_dir, partner.home / "ack", partner.home / "reject", p, _target(site, partner)
    )


def _target(site: Site, partner: Partner) -> SftpTarget | None:
    """Return the remote folder that a partner's canonical files go to, None for the common out folder."""
    facts = partner.target
    if facts is None:
        return None
    return SftpTarget(
        remote_of(site, facts, f"[target] of {partner.profile.partner}"), facts.folder, read_back=facts.read_back
    )


def _accounts(site: Site) -> list[Account]:
    return [Account(p.profile.account, p.keys, p.home) for p in site.partners.values() if p.keys]


def _written_to(site: Site) -> dict[str, Path]:
    """Return the folders whose disks must have room, by what a person calls them."""
    homes = {f"ack/ and reject/ of {name}": partner.home / "ack" for name, partner in site.partners.items()}
    return {STATE: site.settings.state_dir, "the out folder": site.settings.out_dir} | homes


def _recipe(site: Site, seen: Print) -> Recipe:
    """Return how workers load the site: the very files that were loaded here."""
    return Recipe("gateway.commands.serving:shop", (site.settings.folder, seen))


class Gateway:
    """A running gateway: engine in this thread, SFTP server in threads of its own."""

    def __init__(
        self,
        site: Site,
        *,
        port: int | None = None,
        on_result: Callable[..., None] | None = None,
        workers: int | None = None,
        seen: Print | None = None,
    ) -> None:
        """port, workers: instead of those of gateway.toml. seen: of load_to_serve; None: nobody changed a file since."""
        self.site = site
        seen = fingerprint(site) if seen is None else seen
        settings = site.settings
        self._on_result = on_result
        self.engine = Engine(
            serve_config(site), translate, on_result=self._result, on_alert=self._alert,
            workers=settings.workers if workers is None else workers, recipe=_recipe(site, seen),
            remap=Kept(settings.state_dir).remap,
        )  # fmt: skip
        self._keep_versions(site)
        self.monitor = Monitor(settings.state_dir, self.engine.status, lambda: self.engine.beat)
        self._pager = Pager(settings.alert_command, settings.alert_webhook)
        self.monitor_port = 0
        for path in (settings.host_key, settings.next_host_key):
            if path is not None and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                create_host_key(path)
        staging = settings.state_dir / "staging"
        staging.mkdir(parents=True, exist_ok=True, mode=0o700)
        accounts = _accounts(site)
        self.server = SftpDropServer(
            settings.sftp_host,
            settings.sftp_port if port is None else port,
            host_key_file=settings.host_key,
            next_host_key_file=settings.next_host_key,
            accounts=accounts,
            staging=staging,
            on_upload=self.engine.take_upload,
            on_event=self._event,
        )
        self._faulted = datetime.min.replace(tzinfo=UTC)  # when the last storage fault of an upload was told
        self.accounts = [a.name for a in accounts]
        self.port = 0
        self._thread: threading.Thread | None = None
        self._fetching = Fetching(site, staging, self.engine.take_upload, self.engine.desk.alert)
        self._watcher = Watcher(site, self._use, self.engine.desk.alert, self.engine.desk.clock, seen)
        self._old: set[tuple[str, str]] = set()  # told of: uploads that were not finished, and folders of no account
        self._gone: set[Departed] = set()  # told of
        self._room = Room(utc_now)
        self._tell_departed(site)
        self.engine.watch(self._look)

    def _look(self) -> None:
        """Look at the profile folder, and for uploads that nobody finishes."""
        self._watcher.look()
        self._room.look(_written_to(self.site), self.engine.desk.alert)
        now, found = self.engine.desk.clock().timestamp(), dict[tuple[str, str], str]()
        for one in self.server.waiting():
            if not one.open and now - one.since > TEMPORARY_AGE_S:
                what = "A file waits under a temporary name" if one.complete else "An interrupted upload waits"
                found[one.account, one.name] = f"{what} for {(now - one.since) / 3600:.0f} hours."
        known = {p.profile.account for p in self.site.partners.values()} | {RECEIVER}  # a [poll] stages there too
        for account in set(self.server.strangers()) - known:
            found[account, ""] = "Uploads of an account that no partner has any more lie in the staging folder."
        for account, name in sorted(found.keys() - self._old):
            self.engine.desk.alert("FILE-TEMP-NAME", found[account, name], partner=self._partner_of(account))
        self._old = set(found)

    def _partner_of(self, account: str) -> str:
        return next((n for n, p in self.site.partners.items() if p.profile.account == account), account)

    def _use(self, site: Site, seen: Print | None = None) -> None:
        """Take a changed profile folder into work: accounts, keys, partners, tables. Pollers keep their servers."""
        keys, files = self.server.made(_accounts(site))  # first: it is taken whole or not at all
        self._keep_versions(site)  # before anything is judged by them
        self.engine.use(serve_config(site), _recipe(site, fingerprint(site) if seen is None else seen))
        self.server.use(keys, files)
        self._page_by(site)
        limit, before = (s.settings.max_file_bytes for s in (site, self.site))
        if sources_of(site) != sources_of(self.site) or (sources_of(site) and limit != before):
            said = "A [poll] or [responses] section, and max_file_bytes for what is fetched, is read at the start only. Start the gateway again."
            self.engine.desk.alert("PROFILE-RESTART", said)
        self.site = site
        self._tell_departed(site)

    def _tell_departed(self, site: Site) -> None:
        found = set(departed(site, self.engine.desk.ledger))
        for one in sorted(found - self._gone, key=lambda one: one.name):
            self.engine.desk.alert("PROFILE-PARTNER-GONE", f"{one.said} {one.mend}", partner=one.name)
        self._gone = found

    def _page_by(self, site: Site) -> None:
        """Tell alerts as a changed [alerts] says; what waits goes the old way."""
        now, before = ((s.settings.alert_command, s.settings.alert_webhook) for s in (site, self.site))
        if now != before:
            old, self._pager = self._pager, Pager(*now)
            threading.Thread(target=old.close, name="pager-close", daemon=True).start()

    def _keep_versions(self, site: Site) -> None:
        desk = self.engine.desk
        versions.keep(desk.folders, desk.ledger, live(site), desk.now())

    def _result(self, result: Result) -> None:
        seconds = (self.engine.desk.clock() - received(result.receipt)).total_seconds()
        self.monitor.result(result, max(0.0, seconds))  # receipts run ahead of a clock that was set back
        if self._on_result is not None:
            self._on_result(result)

    def _alert(self, alert: Alert) -> None:
        self.monitor.alert(alert)
        self._pager.tell(alert)

    def _event(self, event: SftpEvent) -> None:
        """Log what the SFTP server tells; an upload that the disk did not take is for a person too, once a minute."""
        log_event(event)
        now = self.engine.desk.clock()
        if event.rule == "SFTP-FAULT" and now - self._faulted >= _FAULT_AGAIN:
            self._faulted = now
            said = f"An upload could not be stored ({event.detail}). gateway doctor tells more; the sender must send it again."
            self._alert(Alert(event.rule, said, "", event.account))

    def _open_monitor(self) -> None:
        settings = self.site.settings
        if settings.monitor_port is not None:
            self.monitor_port = self.monitor.start(settings.monitor_host, settings.monitor_port)

    def start(self) -> int:
        """Open the SFTP port and start working in a thread; return the port."""
        self.port = self.server.start()
        self._open_monitor()
        self._fetching.start()
        self._thread = threading.Thread(target=self.engine.run_forever, name="engine", daemon=True)
        self._thread.start()
        return self.port

    def run(self) -> None:
        """Open the SFTP port and work in this thread until SIGTERM or SIGINT."""
        self.port = self.port or self.server.start()
        self._open_monitor()
        self._fetching.start()
        try:
            self.engine.run_forever(lambda: tell("READY=1", f"STATUS=SFTP on port {self.port}"))
        finally:
            self.close()

    def close(self) -> None:
        """Stop taking files, let the file in work finish, let go of the state folder."""
        self._fetching.stop()
        self.server.stop(drain=1.0)
        self.engine.stop()
        if self._thread is not None:
            self._thread.join(12)
        self.monitor.stop()
        self._pager.close()
        self.engine.close()
