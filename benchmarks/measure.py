"""Run the benchmarks that have no result of this version, each for a bounded time: `measure.py [NAME …]`.

An interrupted run is continued by running it again. Named parts are measured whether they have a result or not.
"""

import argparse
import signal
import subprocess
import sys
from pathlib import Path

from harness.machine import source
from harness.processes import BENCHMARKS
from harness.report import Report

LIMIT_S = 900.0
LIMITS_S = {"files": 3600.0}
"""Seconds that a part may take; files are scored by a slow model too, for which the script takes minutes."""

CLOSING_S = 60.0
"""Seconds in which an interrupted part ends its servers."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="measure.py", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(parts())}")
    parser.add_argument("--again", action="store_true", help="also what has a result of this version")
    read = parser.parse_args()
    if unknown := set(read.names) - parts().keys():
        parser.error(f"expected names of {', '.join(parts())}, got {', '.join(sorted(unknown))}")
    names = read.names or [name for name in parts() if read.again or not is_measured(name)]
    if left_out := [name for name in parts() if not read.names and name not in names]:
        print(f"measured at this version already: {', '.join(left_out)}", file=sys.stderr)
    failed = [name for name in names if not measured(name)]
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}; run it again to continue, or name them")


def parts() -> dict[str, Path]:
    """Return the scripts by name."""
    return {path.stem.removeprefix("bench_"): path for path in sorted(BENCHMARKS.glob("bench_*.py"))}


def is_measured(name: str) -> bool:
    """Whether there is a result of this very version."""
    try:
        kept = Report.read(f"bench_{name}").machine["source"]
    except OSError:
        return False
    return kept == source() and "changes" not in kept


def measured(name: str) -> bool:
    """Run a part; return whether it ended well and in time."""
    limit_s = LIMITS_S.get(name, LIMIT_S)
    process = subprocess.Popen([sys.executable, str(parts()[name])])
    try:
        return process.wait(timeout=limit_s) == 0
    except subprocess.TimeoutExpired:
        print(f"bench_{name} took longer than {limit_s:.0f} s and is ended", file=sys.stderr)
        return False
    finally:
        _interrupt(process)


def _interrupt(process: "subprocess.Popen[bytes]") -> None:
    """Let a script end the servers that it started."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=CLOSING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
