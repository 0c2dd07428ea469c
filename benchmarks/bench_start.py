"""How long until `foreseen serve` answers, and what takes the time?"""

import http.client
import re
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from harness.contenders import serve_command, trained
from harness.options import read_options
from harness.processes import end, environment
from harness.report import Report
from harness.rounds import Rounds, Spread, in_turn

IMPORTS = "import sklearn.ensemble, fastapi, redis"
LOAD = (
    "from pathlib import Path\n"
    "from foreseen.adapters.predictor.load_predictor import load_predictor\n"
    "load_predictor(Path({!r}))"
)
"""What the model's process does, beside which the server imports the rest."""

LEAVE = "import os; os._exit(0)"
"""At once: tidying up what was imported takes time, and the service has not done so yet when it answers."""

WANTED_S = 0.4
PATIENCE_S = 300.0
SHOWN = 12
"""Libraries that the table names; the rest is summed up."""


def main() -> None:
    options = read_options(str(__doc__), seconds=None, rounds=7)
    report = Report(options.name, options.command)
    with TemporaryDirectory() as folder:
        model = trained("forest", Path(folder))
        measures = {
            "python -c pass": timed([sys.executable, "-c", LEAVE]),
            f'python -c "{IMPORTS}"': timed([sys.executable, "-c", f"{IMPORTS}; {LEAVE}"]),
            "foreseen serve, until it answers": lambda: seconds_to_answer(serve_command(model)),
            "the same, --model-isolation thread": lambda: seconds_to_answer(
                [*serve_command(model), "--model-isolation", "thread"]
            ),
        }
        in_turn(measures, 1)
        add_totals(report, in_turn(measures, options.rounds))
        timing_imports = [sys.executable, "-X", "importtime"]
        add_parts(
            report,
            "The server by part, under -X importtime, its model in a process of its own",
            "no import: Python's own start, what is left to wait for the model, the application, the port",
            lambda written: seconds_to_answer([*timing_imports, *serve_command(model)], stderr=written),
        )
        add_parts(
            report,
            "What the model's process does meanwhile by part, under -X importtime, alone on the machine",
            "no import: Python's own start, the model, how it is to be called",
            timed([*timing_imports, "-c", f"{LOAD.format(str(model))}; {LEAVE}"]),
        )
    report.finish()


def add_totals(report: Report, found: Rounds[float]) -> None:
    """Add the table of seconds, and hold the difference against its target."""
    table = report.table("Seconds from the start of the process", "what", "s, median", "s, least", "s, most", "n")
    for name, rounds in found.of.items():
        spread = found.spread(name, float)
        table.rows.append(
            [name, *(f"{value:.2f}" for value in (spread.median, spread.least, spread.most)), str(len(rounds))]
        )
    _, imports, serve, _ = found.of.values()
    beyond = Spread.of([mine - theirs for mine, theirs in zip(serve, imports, strict=True)])
    report.at_most("seconds of foreseen serve beyond the imports alone", beyond, WANTED_S)


def timed(command: Sequence[str]) -> Callable[..., float]:
    """Give what runs a command to its end and tells the seconds."""

    def measure(stderr: IO[str] | None = None) -> float:
        start = time.perf_counter()
        subprocess.run(command, check=True, stderr=stderr, env=environment())
        return time.perf_counter() - start

    return measure


def seconds_to_answer(command: Sequence[str], *, stderr: int | IO[str] = subprocess.DEVNULL) -> float:
    """Start a service, give the seconds until its port answers, and end it."""
    port = free_port()
    start = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=stderr, env=environment()
    )
    try:
        while not answers(port):
            if process.poll() is not None or time.perf_counter() - start > PATIENCE_S:
                sys.exit(f"expected {' '.join(command)} to answer")
            time.sleep(0.002)
        return time.perf_counter() - start
    finally:
        end(process)


def free_port() -> int:
    """Give a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answers(port: int) -> bool:
    """Tell whether a service answers there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == http.client.OK
    except ConnectionRefusedError:
        return False
    finally:
        connection.close()


def add_parts(report: Report, title: str, rest: str, run: Callable[[IO[str]], float]) -> None:
    """Add what Python says that each import took, summed up by library; writing it down takes time of its own."""
    with TemporaryFile("w+") as written:
        seconds = run(written)
        written.seek(0)
        said = written.read()
    by_library: dict[str, int] = defaultdict(int)
    for own_us, module in re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", said, re.MULTILINE):
        library = module.partition(".")[0]
        by_library["the standard library" if library.lstrip("_") in STANDARD else library] += int(own_us)
    largest = sorted(by_library.items(), key=lambda pair: -pair[1])
    imported_s = sum(by_library.values()) / 1e6
    parts = [(f"import: {name}", us / 1e6) for name, us in largest[:SHOWN]]
    parts += [("import: everything else", sum(us for _, us in largest[SHOWN:]) / 1e6)]
    parts += [(rest, seconds - imported_s)]
    table = report.table(title, "part", "ms")
    table.rows += [[name, f"{part * 1000:.0f}"] for name, part in [*parts, ("all", seconds)]]


STANDARD = {name.lstrip("_") for name in sys.stdlib_module_names}

if __name__ == "__main__":
    main()
