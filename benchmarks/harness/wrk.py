"""Load by wrk: one thread, some connections, some seconds."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("load.lua")
SPARE_S = 60.0
"""What wrk may take beyond the measurement, to connect and to sum up."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one measurement found: requests answered, latencies in µs."""

    requests: int
    per_s: float
    p50_us: float
    p99_us: float


def require_wrk() -> None:
    """Stop with one line where wrk is missing."""
    if shutil.which("wrk") is None:
        sys.exit("expected wrk, which sends the load: apt-get install wrk")


def send(url: str, connections: int, seconds: int, *words: object) -> Load:
    """Send load to a URL for a while; the words are for load.lua."""
    with start(url, connections, seconds, *words) as process:
        out, err = process.communicate(timeout=seconds + SPARE_S)
    found = re.search(r"^summary (.+)$", out, re.MULTILINE)
    if found is None:
        sys.exit(f"expected a summary from wrk, got:\n{out}{err}")
    summary = json.loads(found[1])
    if summary["failed"]:
        sys.exit(f"expected answers of status 200 from {url}, got {summary['failed']} failures:\n{out}")
    per_s = summary["requests"] / (summary["duration_us"] / 1e6)
    return Load(summary["requests"], per_s, summary["p50_us"], summary["p99_us"])


def start(url: str, connections: int, seconds: int, *words: object) -> "subprocess.Popen[str]":
    """Begin to send load; it ends by itself."""
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"]
    command += ["--timeout", "30s", "--script", str(SCRIPT), url, "--", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
