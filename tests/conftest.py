"""Options of the whole test run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings

settings.register_profile("gateway", deadline=None, print_blob=True)
settings.load_profile("gateway")


@pytest.fixture
def injected(record_property: Callable[[str, object], None]) -> Callable[[int], None]:
    """Call with the number of faults that a test injected: the summary of the run shows a table of them."""
    return lambda count: record_property("injected", count)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the loops over faults came to."""
    rows = [
        (report.nodeid.removeprefix("tests/"), value, "0" if report.passed else "at least 1")
        for kind in ("passed", "failed")
        for report in terminalreporter.stats.get(kind, ())
        for name, value in report.user_properties
        if name == "injected"
    ]
    if rows:
        terminalreporter.section("faults injected, violations of a promise")
        for test, count, violations in sorted(rows):
            terminalreporter.write_line(f"{count:>6}  {violations:<10}  {test}")
        terminalreporter.write_line(f"{sum(count for _, count, _ in rows):>6}  in all")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the expected files anew; review the difference"
    )
