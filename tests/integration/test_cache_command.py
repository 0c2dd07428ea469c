"""`foreseen cache` against a real server: it shows and removes what is Foreseen's, and nothing else."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from foreseen.adapters.cache.redis.purges.purge_messages import REQUESTS
from foreseen.adapters.cache.redis.purges.purge_request import RedisProcesses
from foreseen.domain.identity.entry import EntryFormat
from foreseen.entrypoints.cli.command_line import app
from foreseen.entrypoints.cli.process.exit_codes import run
from support.cache_contract import A, entry
from support.fakes import FakePredictor
from support.in_process_service import service, wired_around
from support.own_port import own_port
from support.processes import run as run_process
from support.time_limits import PATIENCE_S

NO_PROCESS = "processes that confirmed: 0, with 0 predictions of their own"


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as connected:
        yield connected


@pytest.fixture
def filled(redis_url: str, client: redis.Redis) -> str:
    """A server with three predictions of iris, one of wine, and keys of another application."""
    for name, rows in (("iris", [[1, 1], [2, 2], [3, 3]]), ("wine", [[1, 1]])):
        settings = {"cache": "redis", "redis_url": redis_url, "redis_timeout": 10.0, "name": name}
        with service(wired_around(FakePredictor(), **settings)) as asked:
            assert asked.post({"instances": rows}).status == 200
    client.set("other", "kept")
    client.set("foreseens:iris:x:y", "kept")
    client.set("xforeseen:iris:x:y", "kept")
    client.hset("hash", "field", "kept")
    return redis_url


def cache(*args: str) -> int:
    """Run a cache command in this process."""
    return run(lambda: app(["cache", *args], standalone_mode=False))


def lines(capfd: pytest.CaptureFixture[str]) -> list[list[str]]:
    """Return what was written, by line and column."""
    out, err = capfd.readouterr()
    assert err == ""
    return [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()]


@pytest.fixture(autouse=True)
def no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("FORESEEN_NAME", "FORESEEN_REDIS_URL", "FORESEEN_CONFIG"):
        monkeypatch.delenv(name, raising=False)


class TestStats:
    def test_entries_are_counted_by_model_and_namespace(self, filled: str, capfd: pytest.CaptureFixture[str]) -> None:
        assert cache("stats", "--redis-url", filled) == 0

        header, iris, wine = lines(capfd)
        assert header == ["MODEL", "NAMESPACE", "ENTRIES", "BYTES", "UNREADABLE"]
        assert (iris[0], iris[2], iris[4]) == ("iris", "3", "0")
        assert (wine[0], wine[2], wine[4]) == ("wine", "1", "0")
        assert re.fullmatch("[0-9a-f]{16}", iris[1])
        assert int(iris[3]) == 3 * int(wine[3]) > 0

    def test_a_name_leaves_the_others_out(self, filled: str, capfd: pytest.CaptureFixture[str]) -> None:
        assert cache("stats", "--redis-url", filled, "--name", "wine") == 0

        assert [line[0] for line in lines(capfd)] == ["MODEL", "wine"]

    def test_entries_of_another_format_are_counted_apart(
        self, filled: str, client: redis.Redis, capfd: pytest.CaptureFixture[str]
    ) -> None:
        client.set("foreseen:old:0011223344556677:00", "another format")

        assert cache("stats", "--redis-url", filled, "--name", "old") == 0

        assert lines(capfd)[1] == ["old", "0011223344556677", "1", "14", "1"]

    def test_json_has_names_that_stay(
        self, filled: str, client: redis.Redis, capfd: pytest.CaptureFixture[str]
    ) -> None:
        client.set("foreseen:iris:short", "another format")

        assert cache("stats", "--redis-url", filled, "--json") == 0

        shown = json.loads(capfd.readouterr().out)
        wine = shown["namespaces"][2]
        assert shown == {
            "redis_url": filled,
            "entries": 5,
            "bytes": 4 * wine["bytes"] + 14,
            "unreadable": 1,
            "namespaces": [
                {"model": "iris", "namespace": "", "entries": 1, "bytes": 14, "unreadable": 1},
                {**wine, "model": "iris", "entries": 3, "bytes": 3 * wine["bytes"]},
                {
                    "model": "wine",
                    "namespace": wine["namespace"],
                    "entries": 1,
                    "bytes": wine["bytes"],
                    "unreadable": 0,
                },
            ],
        }

    def test_json_of_an_empty_server_is_an_object_too(self, redis_url: str, capfd: pytest.CaptureFixture[str]) -> None:
        assert cache("stats", "--redis-url", redis_url, "--json") == 0

        shown = json.loads(capfd.readouterr().out)
        assert shown == {"redis_url": redis_url, "entries": 0, "bytes": 0, "unreadable": 0, "namespaces": []}

    def test_an_empty_server_is_reported_as_empty(self, redis_url: str, capfd: pytest.CaptureFixture[str]) -> None:
        for command in ("stats", "list"):
            assert cache(command, "--redis-url", redis_url) == 0
            assert lines(capfd) == [[f"no predictions in {redis_url}"]]


class TestList:
    def test_each_entry_has_its_age_time_left_cost_and_size(
        self, filled: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        assert cache("list", "--redis-url", filled) == 0

        header, *entries = lines(capfd)
        assert header == ["KEY", "AGE", "TIME LEFT", "COST", "BYTES"]
        assert len(entries) == 4
        for key, age, left, cost, size in entries:
            assert re.fullmatch(r"foreseen:(iris|wine):[0-9a-f]{16}:[0-9a-f]{32}", key)
            assert re.fullmatch(r"\d+s", age)
            assert re.fullmatch(r"\d+m", left)
            assert 53 <= int(left[:-1]) <= 67  # an hour, more or less by key
            assert re.fullmatch(r"[\d.e-]+ ms", cost)
            assert int(size) > 20

    def test_answers_are_shown_on_request(self, filled: str, capfd: pytest.CaptureFixture[str]) -> None:
        assert cache("list", "--redis-url", filled, "--name", "wine", "--answers") == 0

        header, entry = lines(capfd)
        assert header[-1] == "ANSWER"
        assert json.loads(entry[-1])["prediction"]

    def test_foreign_values_are_cut_and_escaped(
        self, redis_url: str, client: redis.Redis, capfd: pytest.CaptureFixture[str]
    ) -> None:
        body = '"\x1b[2J\n\u202e' + "é" * 3_000_000
        client.set("foreseen:iris:\x1b]0;x\x07:\r00", EntryFormat().seal(A, entry(body.encode())))

        assert cache("list", "--redis-url", redis_url, "--answers") == 0
        out = capfd.readouterr().out
        assert len(out) < 1000
        assert out.count("\n") == 2
        assert out.replace("\n", "").isprintable()
        assert r"foreseen:iris:\x1b]0;x\x07:\r00" in out
        assert r'"\x1b[2J\n\u202eé' in out
        assert cache("stats", "--redis-url", redis_url) == 0
        assert capfd.readouterr().out.replace("\n", "").isprintable()

    def test_a_limit_is_applied_and_shown(self, filled: str, capfd: pytest.CaptureFixture[str]) -> None:
        assert cache("list", "--redis-url", filled, "--limit", "2") == 0

        shown = lines(capfd)
        assert len(shown) == 1 + 2 + 1
        assert shown[-1] == ["and more; --limit shows more than 2"]

    def test_a_limit_of_just_all_shows_all(self, filled: str, capfd: pytest.CaptureFixture[str]) -> None:
        assert cache("list", "--redis-url", filled, "--limit", "4") == 0

        assert len(lines(capfd)) == 1 + 4

    def test_a_name_leaves_the_others_out(self, filled: str, capfd: pytest.CaptureFixture[str]) -> None:
        assert cache("list", "--redis-url", filled, "--name", "wine") == 0

        assert [line[0].split(":")[1] for line in lines(capfd)[1:]] == ["wine"]


class TestPurge:
    def test_purging_one_model_removes_its_entries_alone(
        self, filled: str, client: redis.Redis, capfd: pytest.CaptureFixture[str]
    ) -> None:
        before = set(client.scan_iter())

        assert cache("purge", "--redis-url", filled, "--name", "iris") == 0

        assert lines(capfd) == [[f"removed 3 predictions from {filled}"], [NO_PROCESS]]
        after = set(client.scan_iter())
        assert before - after == {key for key in before if key.startswith(b"foreseen:iris:")}

    def test_purging_all_removes_only_entries_of_foreseen(
        self, filled: str, client: redis.Redis, capfd: pytest.CaptureFixture[str]
    ) -> None:
        assert cache("purge", "--redis-url", filled, "--all") == 0

        assert lines(capfd) == [[f"removed 4 predictions from {filled}"], [NO_PROCESS]]
        theirs = {b"other", b"hash", b"foreseens:iris:x:y", b"xforeseen:iris:x:y"}
        assert set(client.scan_iter()) == theirs | {b"foreseen::purged"}

    def test_purging_an_unknown_name_removes_nothing(
        self, filled: str, client: redis.Redis, capfd: pytest.CaptureFixture[str]
    ) -> None:
        before = set(client.scan_iter())

        assert cache("purge", "--redis-url", filled, "--name", "iri") == 0

        assert lines(capfd) == [[f"removed 0 predictions from {filled}"], [NO_PROCESS]]
        assert set(client.scan_iter()) - before == {b"foreseen:iri:purged"}
        assert before <= set(client.scan_iter())

    @pytest.mark.parametrize("args", [[], ["--name", "iris", "--all"]])
    def test_purging_without_a_scope_is_a_usage_error(
        self, filled: str, client: redis.Redis, args: list[str], capfd: pytest.CaptureFixture[str]
    ) -> None:
        before = set(client.scan_iter())

        assert cache("purge", "--redis-url", filled, *args) == 2

        assert capfd.readouterr().err == "foreseen: --name: expected either the name of a model or --all\n"
        assert set(client.scan_iter()) == before

    def test_purging_an_unconfirmed_process_fails(
        self, filled: str, client: redis.Redis, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(RedisProcesses.__init__, "__kwdefaults__", {"wait_s": 0.05, "clock": time.time})
        with client.pubsub() as deaf:  # type: ignore[no-untyped-call]
            deaf.subscribe(REQUESTS)
            assert deaf.get_message(timeout=PATIENCE_S)

            assert cache("purge", "--redis-url", filled, "--name", "iris") == 1

        out, err = capfd.readouterr()
        assert out.splitlines()[0] == f"removed 3 predictions from {filled}"
        assert err == (
            "foreseen: expected every tier and process to be purged, got: 1 of 1 processes did not confirm in time; "
            "purging again is safe\n"
        )


class TestUnreachable:
    @pytest.fixture
    def url_of_nobody(self) -> Iterator[str]:
        with own_port() as port:
            yield f"redis://me:hidden@127.0.0.1:{port}/0"

    @pytest.mark.parametrize("command", [["stats"], ["list"], ["purge", "--all"]])
    def test_an_unreachable_server_is_one_line_without_its_password(
        self, command: list[str], url_of_nobody: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        assert cache(*command, "--redis-url", url_of_nobody) == 1

        out, err = capfd.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith("foreseen: ")
        assert "Redis: " in err
        assert "hidden" not in err

    def test_a_process_of_its_own_ends_with_1(self, url_of_nobody: str) -> None:
        ended = run_process("cache", "stats", "--redis-url", url_of_nobody)

        assert (ended.returncode, ended.stdout) == (1, b"")
        assert ended.stderr.startswith(b"foreseen: Redis: ")
        assert ended.stderr.count(b"\n") == 1


class TestPassword:
    @pytest.fixture
    def guarded_url(self, client: redis.Redis, redis_url: str) -> Iterator[str]:
        """The same server, by a user with a password."""
        client.acl_setuser("me", enabled=True, passwords=["+hidden"], categories=["+@all"], keys=["*"], channels=["*"])
        yield redis_url.replace("redis://", "redis://me:hidden@")
        client.acl_deluser("me")

    @pytest.mark.parametrize("command", [["stats"], ["list"], ["purge", "--all"]])
    def test_it_is_used_and_never_shown(
        self,
        guarded_url: str,
        command: list[str],
        capfd: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("FORESEEN_REDIS_URL", guarded_url)

        assert cache(*command) == 0

        out, err = capfd.readouterr()
        assert err == ""
        assert "redis://me:***@" in out
        assert "hidden" not in out

    def test_a_wrong_password_is_reported_in_one_line(
        self, guarded_url: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        assert cache("stats", "--redis-url", guarded_url.replace("hidden", "secret")) == 1

        err = capfd.readouterr().err
        assert err.startswith("foreseen: Redis: ")
        assert err.count("\n") == 1
        assert "secret" not in err

    @pytest.mark.parametrize("user", ["in the url", "a setting"])
    def test_a_rotated_password_file_is_read_again(
        self,
        guarded_url: str,
        redis_url: str,
        client: redis.Redis,
        tmp_path: Path,
        user: str,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        file = tmp_path / "password"
        url = redis_url.replace("redis://", "redis://me@") if user == "in the url" else redis_url
        named = () if user == "in the url" else ("--redis-user", "me")
        login = ("--redis-url", url, "--redis-password-file", str(file), *named)
        for password in ("rotated", "again"):
            client.acl_setuser("me", enabled=True, passwords=[f"+{password}"])
            file.write_text(f"{password}\n")
            assert cache("stats", *login) == 0

        client.acl_setuser("me", enabled=True, passwords=["-again"])
        assert cache("stats", *login) == 1
        assert "again" not in capfd.readouterr().err


def test_a_service_reads_the_password_file_for_each_connection(
    redis_url: str, client: redis.Redis, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text("first")
    client.acl_setuser("me", enabled=True, passwords=["+first"], categories=["+@all"], keys=["*"], channels=["*"])
    login = {"redis_url": redis_url, "redis_user": "me", "redis_password_file": file}
    settings = {"cache": "redis", "redis_timeout": 10.0, "name": "iris", **login}
    try:
        with service(wired_around(FakePredictor(), **settings)) as asked:
            assert asked.get(length=1, width=1).cache_status == "foreseen; fwd=miss; stored"
            client.acl_setuser("me", enabled=True, passwords=["-first", "+second"])
            file.write_text("second")
            client.client_kill_filter(_type="normal", skipme=True)

            assert asked.get(length=1, width=1).cache_status == "foreseen; hit; detail=L2"
    finally:
        client.acl_deluser("me")
