"""The goals as data: which two figures make a ratio, the bar that must be reached and the aim."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """kind: "faster" = peer's process time by ours, at least `bar`; "within" = ours by the peer's, at most `bar`;
    "below" = a figure of its own, at most `bar`; "least" = a figure of its own, at least `bar`.
    """

    id: str
    words: str
    kind: str
    own: str
    peer: str
    bar: float
    aim: float
    unit: str = "×"

    def reached(self, value: float, limit: float) -> bool:
        """True when a figure is on the right side of the bar or the aim."""
        return value >= limit if self.kind in ("faster", "least") else value <= limit


GOALS = (
    Goal("pyx12", "309 whole way, faster than pyx12's validation alone", "faster", "gateway truck", "pyx12_validate", 6, 15),
    Goal("bots", "309 whole way, faster than Bots' translation", "faster", "gateway truck", "bots_translate", 5, 12),
    Goal("ideal", "309 whole way, within so many times the ideal pipeline", "within", "gateway truck", "ideal", 6, 2.5),
    Goal("x12_tokens", "X12 tokenizer with positions, within so many times `split_stream_pos`", "within", "tokens truck", "split_stream_pos", 2, 1.3),
    Goal("edifact_tokens", "EDIFACT tokenizer, faster than pydifact's parse", "faster", "tokens cuscar", "pydifact_parse", 8, 20),
    Goal("edifact_split", "EDIFACT tokenizer, within so many times `split_release_stream`", "within", "tokens cuscar", "split_release_stream", 2.5, 1),
    Goal("pydifact", "CUSCAR whole way, faster than pydifact's parse alone", "faster", "gateway cuscar", "pydifact_parse", 2.5, 6),
    Goal("lxml", "XFHL whole way, completed from a file, within so many times lxml extraction", "within", "gateway xfhl", "lxml_extract", 4, 2.5),
    Goal("lxml_core", "… `translate` alone, without ledger and files", "within", "translate xfhl", "lxml_extract", 4, 2.5),
    Goal("csv", "CSV whole way, within so many times `csv.reader`", "within", "gateway table", "csv_reader", 12, 8),
    Goal("csv_core", "… `translate` alone, without ledger and files", "within", "translate table", "csv_reader", 12, 8),
    Goal("schema", "schema stage with 2 % bad records, faster than jsonschema alone", "faster", "schema", "jsonschema_alone", 20, 40),
    Goal("schema_same", "… records whose verdict and instance paths differ", "below", "schema differs", "", 0, 0, ""),
    Goal("rules", "all rules, on top of the translation without them", "below", "rules share", "", 60, 60, "%"),
    Goal("compile", "slowest mapping table, from CSV to a program that can run", "below", "compile ms", "", 5, 5, "ms"),
    Goal("trace", "places looked up in a clean file while nothing is traced", "below", "places", "", 0, 0, ""),
    Goal("memory", "peak memory, any format, largest size", "below", "peak", "", 150, 100, "MiB"),
    Goal("memory_growth", "… above 10,000 shipments", "below", "growth", "", 15, 5, "MiB"),
    Goal("memory_refused", "peak memory, every shipment refused", "below", "peak refused", "", 200, 100, "MiB"),
    Goal("refused_growth", "… above 10,000 shipments", "below", "growth refused", "", 15, 5, "MiB"),
    Goal("sftp_put", "SFTP, one big upload, rate against the bare paramiko server", "least", "sftp put", "", 0.9, 1.0),
    Goal("sftp_small", "SFTP, small files accepted durably, rate against the bare paramiko server", "least", "sftp small", "", 0.7, 0.9),
    Goal("version", "`gateway --version`, wall clock", "below", "version ms", "", 120, 60, "ms"),
    Goal("check", "`gateway check` of a file of 20 shipments, wall clock", "below", "check ms", "", 350, 200, "ms"),
)  # fmt: skip
