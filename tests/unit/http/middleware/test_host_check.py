"""Hosts: what is one, and which of them requests may be for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from foreseen.entrypoints.http.origins.host_names import Hosts, authority_of, host_of
from foreseen.entrypoints.http.service.application import create_service
from foreseen.settings import Settings, SettingsError
from support.fakes import FakePredictor
from support.in_process_service import REQUEST_ID, Service, service, wired_around

FLOWER = b"length=1&width=2"
OWN = ["localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000", "LOCALHOST.", "a.localhost", "127.9.9.9",
       "[::ffff:127.0.0.1]"]  # fmt: skip
FOREIGN = ["evil.example", "evil.example:8000", "localhost.evil.example", "notlocalhost", "127.0.0.1.evil.example",
           "192.0.2.1", "0.0.0.0", "[::2]", "x"]  # fmt: skip
NO_HOSTS = ["", " ", "a b", "a/b", "a@b", "http://a", "a:b", "a:1:2", "a:65536", "::1", "[::1", "[1.2.3.4.5]", "a..b",
            ".a", "a,b", "<a>", "a\\b", "[::1]x", "a\x00", "\xff", "b\xfccher.example", "a" * 300, "[]",
            "[:::::]"]  # fmt: skip


@contextmanager
def serving(**settings: Any) -> Iterator[Service]:
    wiring = wired_around(FakePredictor(), **settings)
    with service(wiring) as client:
        yield client.behind(create_service(wiring))


def status(client: Service, host: str, path: str = "/predict") -> int:
    return client.send("GET", path, query=FLOWER, headers={"host": host}).status


class TestListeningOnLoopback:
    def test_only_its_own_names_are_answered(self) -> None:
        with serving() as client:
            for path in ("/predict", "/model", "/metrics", "/docs", "/openapi.json", "/nothing", "/livez"):
                assert {status(client, host, path) for host in OWN} == {404 if path == "/nothing" else 200}
                assert {status(client, host, path) for host in FOREIGN} == {200 if path == "/livez" else 421}
                assert {status(client, host, path) for host in NO_HOSTS} == {400}

    def test_other_hosts_are_rejected_with_what_to_set(self) -> None:
        with serving() as client:
            reply = client.send("GET", "/model", headers={"host": "evil.example:80"})

        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json() == {
            "type": "urn:foreseen:problem:misdirected",
            "title": "Misdirected request",
            "status": 421,
            "detail": "expected a host of this machine, such as localhost, or one of allowed_hosts in the settings, "
            "got evil.example:80",
            "request_id": REQUEST_ID,
        }

    def test_hosts_of_the_settings_are_answered_beside_them(self) -> None:
        with serving(allowed_hosts="a.example, *.b.example") as client:
            hosts = [
                "localhost",
                "a.example",
                "A.EXAMPLE.:80",
                "c.b.example",
                "d.c.b.example",
                "b.example",
                "x.a.example",
            ]

            assert [status(client, host) for host in hosts] == [200, 200, 200, 200, 200, 421, 421]

    def test_an_allowed_host_makes_no_program_on_this_machine(self) -> None:
        with serving(allowed_hosts="*") as client:
            assert status(client, "evil.example") == 200
            assert client.send("POST", "/admin/reload", headers={"host": "evil.example"}).status == 403


class TestListeningElsewhere:
    @pytest.mark.parametrize("listener", ["0.0.0.0", "::", "192.0.2.1", "predictions.example"])
    def test_any_host_is_answered_that_is_one(self, listener: str) -> None:
        with serving(host=listener) as client:
            assert {status(client, host) for host in [*OWN, *FOREIGN]} == {200}
            assert {status(client, host) for host in NO_HOSTS} == {400}

    def test_with_hosts_in_the_settings_these_are_and_probes(self) -> None:
        with serving(host="0.0.0.0", allowed_hosts=["a.example", "10.0.0.0/8", "[2001:db8::1]"]) as client:
            hosts = ["a.example", "10.1.2.3:8000", "[2001:db8:0::1]:1", "11.1.2.3", "localhost"]

            assert [status(client, host) for host in hosts] == [200, 200, 200, 421, 421]
            assert {status(client, "11.1.2.3:8000", path) for path in ("/livez", "/readyz")} == {200}

    def test_a_client_without_one_is_answered(self) -> None:
        with serving(host="0.0.0.0", allowed_hosts="a.example") as client:
            assert client.send("GET", query=FLOWER, headers={}).status == 200  # HTTP/1.0


def test_a_host_is_checked_on_hits_as_well() -> None:
    with serving() as client:
        assert [status(client, host) for host in ("localhost", "localhost", "evil.example")] == [200, 200, 421]
        assert client.predict.tally.hits_l1 == 1


@pytest.mark.parametrize(
    ("target", "authority"),
    [
        (b"http://a.example:80/model?x=//y", b"a.example:80"),
        (b"HTTP://a", b"a"),
        (b"http://me@a/", b"me@a"),
        (b"http:///model", b""),
        (b"/model", None),
        (b"*", None),
        (b"a.example:80", None),
    ],
)
def test_an_absolute_target_names_the_host(target: bytes, authority: bytes | None) -> None:
    assert authority_of(target) == authority


def test_a_wildcard_matches_names_below() -> None:
    hosts = Hosts(["*.example"])
    fields = (b"a.example", b"b.a.example", b"example", b"aexample", b"a.example.org")

    assert [hosts.include(host_of(field)) for field in fields] == [True, True, False, False, False]  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["a.example:80", "http://a.example", "a b", "*a", "a.*", "", "a,a", "10.0.0.1/8"])
def test_a_setting_that_names_no_hosts_is_rejected(given: str) -> None:
    with pytest.raises(SettingsError, match=r"--allowed-hosts: expected (hosts without port|names separated)"):
        Settings.load(None, {"allowed_hosts": given})


def test_hosts_of_the_settings_are_written_in_one_way() -> None:
    given = "A.Example., *.B, [2001:DB8:0::1], 10.0.0.0/8, ::ffff:10.0.0.0/104"

    assert Settings.load(None, {"allowed_hosts": given}).allowed_hosts == (
        "a.example", "*.b", "2001:db8::1/128", "10.0.0.0/8", "10.0.0.0/8",
    )  # fmt: skip
