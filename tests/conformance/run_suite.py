"""Check Foreseen alone, or beside other servers: python -m conformance.run_suite [--peers]."""

import argparse
import subprocess
import sys
import tempfile
from functools import partial
from importlib.metadata import version
from pathlib import Path

from conformance.page import with_tables
from conformance.report import FAILED, Finding, read
from conformance.servers import HERE, ROOT, Running, Server, foreseen, kserve, mlserver

PAGE = ROOT / "docs" / "conformance.md"
BESIDE = "benchmarks/.venvs/mlserver"
OWN = "tests/.venvs"


def checked(server: Running, *, python: Path, fail_at: str = "MUST") -> tuple[int, list[Finding]]:
    """Run the suite against a server, in the environment of this Python; return its exit status and findings."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.jsonl")
        options = ["--oip-rest", server.rest, "--oip-model", server.model, "--oip-report", str(report)]
        if server.grpc:
            options += ["--oip-grpc", server.grpc]
        command = [str(python), "-m", "pytest", "-q", "--tb=line", "--oip-fail-at", fail_at, *options]
        ended = subprocess.run(command, cwd=HERE, check=False)
        return ended.returncode, read(report)


def check_foreseen() -> int:
    """Check Foreseen; return 1 if it breaks a rule."""
    with foreseen() as running:
        status, findings = checked(running, python=Path(sys.executable))
    for finding in findings:
        if finding.outcome == FAILED:
            sys.stderr.write(f"{finding.level} {finding.id}: {finding.detail}\n    {finding.rule}\n")
    return status


def check_all() -> int:
    """Check Foreseen and two others, and write what came out into the docs."""
    beside, suite, kserves = ROOT / BESIDE, ROOT / OWN / "suite", ROOT / OWN / "kserve"
    servers = (
        Server(f"Foreseen {version('foreseen')}", foreseen),
        Server(f"MLServer {pinned('benchmarks/pins/mlserver.txt', 'mlserver')}", partial(mlserver, beside)),
        Server(f"KServe {pinned('tests/pins/kserve.txt', 'kserve')}", partial(kserve, kserves)),
    )
    reports = {}
    for server in servers:
        with server.run() as running:
            _, reports[server.title] = checked(running, python=suite / "bin" / "python")
    PAGE.write_text(with_tables(PAGE.read_text(), reports))
    return 0


def pinned(file: str, name: str) -> str:
    """Return the version of a library that a list pins."""
    lines = [line.split("==") for line in (ROOT / file).read_text().split()]
    return next(pinned for library, pinned in lines if library == name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", action="store_true", help="check MLServer and KServe too, and write the table")
    sys.exit(check_all() if parser.parse_args().peers else check_foreseen())
