"""The benchmark's own cases still run: they reach into the program, and a case that fails is a goal nobody measures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
ONE = """
import sys
from pathlib import Path
sys.path.insert(0, {folder!r})
import cases, runner
folder, case, kind = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
source = runner.Corpus(folder)
job = runner.job_of(source, kind, case, 20, expect={{}} if case != "translate" else {{"found": 20}}, facts={{"times": 1}})
runner.run_all([job], 1, folder, print)
assert not job.failed, job.failed
print(job.facts())
"""
CASES = (
    "gateway",
    "translate",
    "translate_no_rules",
    "places",
    "traced",
    "untraced",
    "reader",
    "tokens",
    "compile_tables",
)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    script = ONE.format(folder=str(BENCHMARKS))
    return subprocess.run([sys.executable, "-c", script, *words], check=False, capture_output=True, text=True)


@pytest.mark.parametrize("case", CASES)
def test_a_case_runs(case, tmp_path):
    done = run(str(tmp_path), case, "truck")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("{")


@pytest.mark.parametrize("kind", ["ocean", "cuscar", "table", "xfhl", "xfhl_waits", "xfzb", "fhl", "itmatt"])
def test_a_kind_of_file_is_translated(kind, tmp_path):
    done = run(str(tmp_path), "translate", kind)
    assert done.returncode == 0, done.stdout + done.stderr
