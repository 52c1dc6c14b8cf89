"""`workers.py [SHIPMENTS]`: two equal files of two partners with one and with two workers, in turn, several rounds.

With --one-file there is one file only: then the idle worker's processor judges a part of its shipments (gateway.sharing).
Prints the seconds of each round, and the ratio of the best ones, as JSON. The clock starts when the workers are there and
stops when all is answered; "one" is this process alone, as with `workers = 1`. The CPU seconds are those of the
busiest process: their ratio is what two free cores would give, also when the machine is busy with other things.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

from corpus import truck_309
from latency import site


def cpu(process: int) -> float:
    """Return the CPU seconds that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def once(workers: int, shipments: int, files: int) -> tuple[float, float]:
    """Return seconds and CPU seconds of the busiest process."""
    from gateway.commands.serving import Gateway
    from gateway.shell.log import configure
    from gateway.site import load_site

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "site"
        site(folder, workers)
        first = folder / "partners" / "northtest.toml"
        first.write_text('in_dir = "inbox1"\n' + first.read_text())
        for partner in (first, first.with_name("bigtest.toml")):
            # the arrivals of the corpus are past: a warning of each bill would measure the answers
            text = partner.read_text()
            partner.write_text(text.replace("[severities]\n", '[severities]\nS321-TIME-LATE = "off"\n', 1))
        config = folder / "gateway.toml"
        config.write_text(config.read_text().replace("poll_seconds = 1.0", "poll_seconds = 0.05"))
        configure((Path(name) / "log").open("w"))
        loaded = load_site(folder)
        loaded.check_tables()
        gateway = Gateway(loaded, port=0)
        try:
            warm = time.monotonic() + 60
            while workers > 1 and time.monotonic() < warm:
                gateway.engine.run_once()
                lanes = gateway.engine._crew._lanes  # type: ignore[attr-defined]
                if all(lane.hand is not None and lane.hand.pid for lane in lanes):
                    break
                time.sleep(0.05)
            truck_309(folder / "a.edi", shipments)
            text = (folder / "a.edi").read_text()
            # other persons: sums of a person would make the second file wait for the first
            drops = [
                (folder / "inbox1" / "a.edi", text),
                (folder / "inbox" / "b.edi", text.replace(" APT ", " 2 APT ")),
            ]
            for path, content in drops[:files]:
                path.write_text(content)
                path.with_name(path.name + ".done").touch()
            gateway.engine._next_poll = 0.0
            pids = [lane.hand.pid for lane in gateway.engine._crew._lanes] if workers > 1 else [os.getpid()]  # type: ignore[attr-defined]
            used = [cpu(pid) for pid in pids]
            begin, results = time.perf_counter(), 0
            while results < files:
                results += sum(not result.waiting for result in gateway.engine.run_once())
            seconds = time.perf_counter() - begin
            return round(seconds, 2), max(cpu(pid) - before for pid, before in zip(pids, used, strict=True))
        finally:
            gateway.close()


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("shipments", type=int, nargs="?", default=20_000)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--one-file", action="store_true")
    given = words.parse_args()
    files = 1 if given.one_file else 2
    one, two = [], []
    for _ in range(given.rounds):
        one.append(once(1, given.shipments, files))
        two.append(once(2, given.shipments, files))
    best = [[min(values) for values in zip(*rounds, strict=True)] for rounds in (one, two)]
    wall, used = (round(a / b, 2) for a, b in zip(*best, strict=True))
    print(json.dumps({"shipments": given.shipments, "one": one, "two": two, "ratio": wall, "cpu_ratio": used}))


if __name__ == "__main__":
    main()
