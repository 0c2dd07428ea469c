"""TLS to us and from us, real processes: who trusts the authority gets answers, and no password is shown."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest
import redis

from support.certificates import Certificates, certificates
from support.example_counts import cases
from support.models import IRIS_NAMES
from support.processes import run, served, wait_until
from support.time_limits import PATIENCE_S
from support.tls_proxy import tls_before

FLOWER = dict(zip(IRIS_NAMES, ["5.1", "3.5", "1.4", "0.2"], strict=True))
PASSWORD = "p@ss:w/rd%?#é"
"""Each of its characters means something in a URL."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("tls"))


def trusting(files: Certificates, url: str) -> httpx.Client:
    return httpx.Client(
        base_url=url, verify=ssl.create_default_context(cafile=str(files.authority)), timeout=PATIENCE_S
    )


class TestServing:
    @pytest.mark.parametrize("workers", cases(2, long=[1]))
    def test_a_client_that_trusts_the_authority_is_answered_over_https(
        self, flower_model: Path, files: Certificates, workers: int
    ) -> None:
        tls = ("--tls-certificate", files.certificate, "--tls-key", files.key)
        with served(flower_model, *tls, "--workers", workers) as running:
            assert running.url.startswith("https://127.0.0.1:")
            with trusting(files, running.url) as client:  # on one connection, so that one worker answers
                replies = [client.get("/predict", params=FLOWER) for _ in range(2)]

            assert [reply.text for reply in replies] == ['{"prediction":"0"}'] * 2
            assert replies[1].headers["cache-status"] == "foreseen; hit; detail=L1"
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                running.get("/livez")

    def test_a_client_without_tls_gets_no_answer(self, flower_model: Path, files: Certificates) -> None:
        with served(flower_model, "--tls-certificate", files.both) as running:
            with pytest.raises(httpx.TransportError):
                httpx.get(running.url.replace("https", "http") + "/livez")
            with trusting(files, running.url) as client:
                assert client.get("/predict", params=FLOWER).text == '{"prediction":"0"}'

    def test_an_unusable_certificate_ends_startup_in_one_line(self, flower_model: Path, files: Certificates) -> None:
        ended = run("serve", flower_model, "--tls-certificate", files.certificate, "--port", "0")

        assert ended.returncode == 2
        assert ended.stderr.decode() == (
            f"foreseen: tls_key: expected a private key in PEM, got none in {files.certificate}\n"
        )


class TestRedis:
    @pytest.fixture
    def user(self, redis_url: str) -> Iterator[str]:
        """A user of the server who may do what the documentation says, and nothing else."""
        with redis.Redis.from_url(redis_url) as client:
            client.acl_setuser(
                "replica",
                enabled=True,
                passwords=[f"+{PASSWORD}"],
                keys=["foreseen:*"],
                channels=["foreseen:*"],
                categories=["+@all", "-@dangerous"],
            )
            yield "replica"
            client.acl_deluser("replica")

    @pytest.fixture
    def port(self, redis_url: str, files: Certificates) -> Iterator[int]:
        with tls_before(redis_url, files) as port:
            yield port

    @staticmethod
    def url(user: str, password: str, port: int, files: Certificates) -> str:
        place = f"{user}:{quote(password, safe='')}@127.0.0.1:{port}"
        return f"rediss://{place}/0?ssl_ca_certs={quote(str(files.authority))}"

    def test_acl_users_share_entries_over_tls_and_hide_their_password(
        self, flower_model: Path, files: Certificates, user: str, port: int, tmp_path: Path
    ) -> None:
        url = self.url(user, PASSWORD, port, files)
        config = tmp_path / "foreseen.toml"
        config.write_text(f'cache = "redis"\nlog_level = "debug"\nredis_url = "{url}"', encoding="utf-8")
        args = (flower_model, "--config", config, "--redis-timeout", "10s")
        with served(*args) as one, served(*args) as other:
            first = one.get("/predict", **FLOWER)
            texts = [one.get(path).text for path in ("/model", "/metrics", "/openapi.json", "/readyz")]
            one.stop()  # which writes what is still to be written
            second = other.get("/predict", **FLOWER)

        assert first.text == second.text
        assert second.headers["cache-status"] == "foreseen; hit; detail=L2"
        assert f"rediss://{user}:***@127.0.0.1:{port}/0" in texts[0]
        self.assert_untold(url, *texts, *one.out, *one.err, *other.out, *other.err)

    @pytest.mark.parametrize("wrong", cases("password", "authority", long=["server"]))
    def test_a_tls_failure_hides_the_password_and_costs_no_answer(
        self, flower_model: Path, files: Certificates, user: str, port: int, tmp_path: Path, wrong: str
    ) -> None:
        trusted = certificates(tmp_path) if wrong == "authority" else files
        password = PASSWORD + "x" if wrong == "password" else PASSWORD
        url = self.url(user, password, 1 if wrong == "server" else port, trusted)
        args = ("--cache", "tiered", "--redis-url", url, "--redis-timeout", "10s", "--log-level", "debug")
        with served(flower_model, *args) as running:
            replies = [running.get("/predict", **FLOWER) for _ in range(3)]
            wait_until(lambda: any("Redis" in line for line in running.err))
            texts = [running.get(path).text for path in ("/model", "/metrics", "/readyz")]
        stats = run("cache", "stats", env={"FORESEEN_REDIS_URL": url})

        assert [reply.text for reply in replies] == ['{"prediction":"0"}'] * 3
        assert stats.returncode == 1
        self.assert_untold(url, *texts, *running.out, *running.err, stats.stdout.decode(), stats.stderr.decode())

    def test_the_commands_reach_it_as_well(self, files: Certificates, user: str, port: int) -> None:
        url = self.url(user, PASSWORD, port, files)
        ended = run("cache", "stats", env={"FORESEEN_REDIS_URL": url})

        assert (ended.returncode, ended.stderr) == (0, b"")
        assert ended.stdout.decode() == f"no predictions in rediss://{user}:***@127.0.0.1:{port}/0\n"

    @staticmethod
    def assert_untold(url: str, *texts: str) -> None:
        said = "\n".join(texts)
        for secret in (PASSWORD, quote(PASSWORD, safe=""), quote(PASSWORD), str(urlsplit(url).password)):
            assert secret not in said
