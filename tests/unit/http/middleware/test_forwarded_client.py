"""Whose request it is: as trusted proxies say, and no one else."""

from collections.abc import Sequence

import pytest
from starlette.types import Receive, Scope, Send

from foreseen.entrypoints.http.middleware.forwarded_client import MAX_HOPS, ForwardedClient
from foreseen.entrypoints.http.service.application import create_service
from foreseen.settings import Settings, SettingsError
from support.fakes import FakePredictor
from support.in_process_service import Service, service, wired_around

PROXIES = ("10.0.0.0/8", "fd00::/8", "127.0.0.1/32")
CLIENT = "192.0.2.1"


async def client_of(peer: str, *headers: tuple[str, str]) -> str:
    """Return the client that the application behind sees."""
    seen: list[str] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(scope["client"][0])

    async def unused(*_: object) -> None: ...

    given = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    scope = {"type": "http", "client": (peer, 5), "headers": given}
    await ForwardedClient(app, PROXIES)(scope, unused, unused)  # type: ignore[arg-type]
    assert seen == [scope["client"][0]]
    return seen[0]


@pytest.mark.parametrize(
    ("fields", "client"),
    [
        ([CLIENT], CLIENT),
        (["6.6.6.6, 192.0.2.1"], CLIENT),
        (["6.6.6.6, 192.0.2.1, 10.1.1.1,10.2.2.2"], CLIENT),
        (["6.6.6.6", CLIENT, "10.1.1.1"], CLIENT),
        (["192.0.2.1:4711"], CLIENT),
        (["::ffff:192.0.2.1"], CLIENT),
        (["[2001:db8::1]:4711"], "2001:db8::1"),
        (["2001:DB8::0:1"], "2001:db8::1"),
        (["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        (["10.1.1.1, fd00::1, ::ffff:10.2.2.2"], "10.1.1.1"),
    ],
)
async def test_the_client_is_the_last_address_that_is_no_proxy(fields: Sequence[str], client: str) -> None:
    for peer in ("10.9.9.9", "::ffff:10.9.9.9", "127.0.0.1"):
        assert await client_of(peer, *(("x-forwarded-for", field) for field in fields)) == client


@pytest.mark.parametrize("peer", ["192.0.2.9", "::1", "fc00::1", "2002:a09:909::1", "64:ff9b::10.9.9.9", "no address"])
async def test_from_no_one_else_is_it_believed(peer: str) -> None:
    assert await client_of(peer, ("x-forwarded-for", CLIENT), ("forwarded", f"for={CLIENT}")) == peer


@pytest.mark.parametrize(
    "malformed", ["unknown", "_hidden", "", "a.example", "192.0.2", "[::1", "1.2.3.4, <x>", "192.0.2.1 x"]
)
@pytest.mark.parametrize("form", ["{}", "192.0.2.1, {}"])
async def test_an_invalid_address_ends_the_list(malformed: str, form: str) -> None:
    given = form.format(malformed)

    assert await client_of("10.9.9.9", ("x-forwarded-for", given)) == "10.9.9.9"
    assert await client_of("10.9.9.9", ("x-forwarded-for", f"{given}, 10.1.1.1")) == "10.1.1.1"


@pytest.mark.parametrize(
    ("field", "client"),
    [
        ("for=192.0.2.1", CLIENT),
        ("For=6.6.6.6, for=192.0.2.1;proto=https;by=10.1.1.1, FOR = 10.1.1.1", CLIENT),
        ('for="[2001:db8::1]:4711"', "2001:db8::1"),
        ('for="192.0.2.1:4711"', CLIENT),
        ('for="6.6.6.6, for=192.0.2.1', CLIENT),
        ("for=192.0.2.1, proto=https", "10.9.9.9"),
        ("for=192.0.2.1;for=6.6.6.6", "10.9.9.9"),
        ("for=_hidden, for=10.1.1.1", "10.1.1.1"),
        ("for=unknown", "10.9.9.9"),
    ],
)
async def test_forwarded_is_read_likewise(field: str, client: str) -> None:
    assert await client_of("10.9.9.9", ("forwarded", field)) == client


async def test_two_disagreeing_fields_are_both_ignored() -> None:
    both = ("x-forwarded-for", CLIENT), ("forwarded", "for=6.6.6.6")

    assert await client_of("10.9.9.9", *both) == "10.9.9.9"
    assert await client_of("10.9.9.9", *both[:1], ("forwarded", f"for={CLIENT}")) == CLIENT


async def test_a_list_is_not_read_for_ever() -> None:
    proxies = ", ".join(["10.1.1.1"] * MAX_HOPS)

    assert await client_of("10.9.9.9", ("x-forwarded-for", f"{CLIENT}, {proxies}")) == "10.1.1.1"


async def test_without_a_list_the_proxy_is_the_client() -> None:
    assert await client_of("10.9.9.9") == "10.9.9.9"


def test_rates_are_those_of_the_proxied_client() -> None:
    wiring = wired_around(FakePredictor(), rate_limit="1/hour", trusted_proxies="127.0.0.1")
    with service(wiring) as served:
        behind = served.behind(create_service(wiring))

        assert [_status(behind, client) for client in (CLIENT, "192.0.2.2", CLIENT, f"9.9.9.9, {CLIENT}")] == [
            200, 200, 429, 429,
        ]  # fmt: skip


def _status(served: Service, client: str) -> int:
    return served.send("GET", query=b"length=1&width=2", headers={"x-forwarded-for": client}).status


@pytest.mark.parametrize("given", ["*", "proxy", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.1:80"])
def test_a_setting_that_names_no_networks_is_rejected(given: str) -> None:
    with pytest.raises(SettingsError, match=r"--trusted-proxies: expected addresses or networks, such as .*, got"):
        Settings.load(None, {"trusted_proxies": given})
