"""What a URL says of where servers are."""

import pytest

from foreseen.adapters.cache.redis.servers.server_addresses import Places, places_in


@pytest.mark.parametrize(
    ("url", "places"),
    [
        ("redis://h", Places("redis://h", (("h", 6379),))),
        ("redis://u:p%40@a:1,b,c:3/0", Places("redis://u:p%40@a:1/0", (("a", 1), ("b", 6379), ("c", 3)))),
        ("rediss://[::1]:7/0?ssl_ca_certs=x", Places("rediss://[::1]:7/0?ssl_ca_certs=x", (("::1", 7),))),
        ("redis://[::1],[::2]:8", Places("redis://[::1]", (("::1", 6379), ("::2", 8)))),
        ("redis+sentinel://:p@a,b:2/main", Places("redis://:p@a/", (("a", 26379), ("b", 2)), "main")),
        ("rediss+sentinel://a/my%20main/3", Places("rediss://a/3", (("a", 26379),), "my main")),
        ("unix:///run/a,b.sock?db=1", Places("unix:///run/a,b.sock?db=1", ())),
    ],
)
def test_addresses_and_service_are_read(url: str, places: Places) -> None:
    assert places_in(url) == places
