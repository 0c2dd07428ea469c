"""How Redis is named: which part of a URL is wrong, what replaces its options, and a password in a file."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import connection

from foreseen.settings import Settings, SettingsError, password_reader
from foreseen.settings.redis_options import FIXED, OWNED, TLS_OPTIONS

ENCODED = "a user and a password in which @ / ? # [ ] are percent-encoded: %40 %2F %3F %23 %5B %5D, got another"
SCHEME = "a URL that begins with redis://, rediss:// (TLS), unix:// or redis+sentinel://, got"
ADDRESS = "an IPv6 address in the brackets, such as redis://[::1]:6379/0, got another"
HOST = "a host, such as that of redis://127.0.0.1:6379/0, got another"
PORT = "a port from 1 to 65535 after the host; a password is followed by @, got another"
DATABASE = "the number of a database after the host and port, such as /0, got another"
SERVICE = "what the Sentinels call the primary after the hosts, such as /mymaster or /mymaster/0, got another"

WRONG_URLS = [
    ("http://h", f"{SCHEME} one that begins with http://"),
    ("sentinel://h", f"{SCHEME} one that begins with sentinel://"),
    ("redis+sentinel://h", SERVICE),
    ("redis+sentinel://h/", SERVICE),
    ("redis+sentinel://u:hush@h:26379/mymaster/hush", SERVICE),
    ("redis+sentinel://h/mymaster/0/1", SERVICE),
    ("redis://h,:6379/0", HOST),
    ("redis://h,hush:0/0", PORT),
    ("redis://u:hush@h,/0", HOST),
    ("127.0.0.1:6379", f"{SCHEME} another"),
    ("redis:/hush", f"{SCHEME} another"),
    ("hush@h:6379", f"{SCHEME} another"),
    ("redis://:p#hush@h/0", ENCODED),
    ("redis://:p/hush@h/0", ENCODED),
    ("redis://:p?hush@h/0", ENCODED),
    ("redis://:p?hush=hush@h/0", ENCODED),
    ("redis://u:p@hush?hush@h/0", ENCODED),
    ("redis://:p[hush@h/0", ENCODED),
    ("redis://:hush\u2100@h/0", ENCODED),
    ("unix://u:p/hush@/run/x", ENCODED),
    ("redis://:hush%ff@h/0", "a user and a password that are percent-encoded as UTF-8, got another"),
    ("redis:///0", HOST),
    ("redis://:6379", HOST),
    ("redis://u:hush@/0", HOST),
    ("redis://u:hush", PORT),
    ("redis://h:port", PORT),
    ("redis://h:0", PORT),
    ("redis://h:65536", PORT),
    ("redis://h:", PORT),
    ("redis://[zz]:1/0", ADDRESS),
    ("redis://[::1/0", ADDRESS),
    (
        "redis://::1:6379/0",
        "a host without colons, or an IPv6 address in brackets, such as redis://[::1]:6379/0, got another",
    ),
    ("redis://a<b/0", "one host of letters, digits, dots and dashes, or an IPv6 address in brackets, got another"),
    ("redis://h/hush", DATABASE),
    ("redis://h/0/1", DATABASE),
    ("redis://h/0#hush", "a URL without #, which is written %23 in a password, got another"),
    (
        "redis://h h",
        "a URL without blanks and control characters in it, which are percent-encoded: %20 is a blank, got another",
    ),
    ("unix://run/redis.sock", "three slashes before the path of a socket, such as unix:///run/redis.sock, got another"),
    ("unix://", "the path of a socket, such as unix:///run/redis.sock, got another"),
    ("redis://h?hush", "options as NAME=VALUE after the ?, with & between them, got another"),
    ("redis://h?db=hush", "a whole number for the option db, got another"),
    ("redis://h?db=1&db=2", "the option db once, got it 2 times"),
    (
        "redis://h?socket_timeout=5",
        "the setting redis_timeout instead of the option socket_timeout, got socket_timeout in the URL",
    ),
    (
        "redis://h?password=hush",
        "the setting redis_password_file instead of the option password, got password in the URL",
    ),
    (
        "redis://h?decode_responses=true",
        "no option decode_responses, which Foreseen sets itself, got decode_responses in the URL",
    ),
    ("rediss://h?ssl_ca_cert=x", "options that redis-py knows, got ssl_ca_cert; did you mean 'ssl_ca_certs'?"),
    (
        "redis://h?socket_timeouts=5",
        "options that redis-py knows, got socket_timeouts; did you mean the setting redis_timeout?",
    ),
    ("rediss://h?ssl_passwrd=x", "options that redis-py knows, got ssl_passwrd; did you mean 'ssl_password'?"),
    ("redis://h?retries=3", f"options that redis-py knows, got retries; known are db, {', '.join(TLS_OPTIONS)}"),
    ("rediss://h?ssl_cert_reqs=never", "none, optional or required for the option ssl_cert_reqs, got another"),
    ("rediss://h?ssl_check_hostname=maybe", "true or false for the option ssl_check_hostname, got another"),
    (
        "redis://h?ssl_ca_certs=x",
        "a URL that begins with rediss:// for the option ssl_ca_certs, got one without TLS",
    ),
]


@pytest.mark.parametrize(("url", "expected"), WRONG_URLS)
def test_the_part_of_a_url_that_is_wrong_is_named(url: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load(None, {"redis_url": url})

    assert str(caught.value) == f"--redis-url: expected {expected}"
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://h",
        "redis://host_name.x-y:6379/15",
        "redis://[::1]:6379/0",
        "redis://:p@ss%23@h/0",
        "rediss://user@h/0?ssl_ca_certs=/x@y&ssl_check_hostname=false&ssl_min_version=771",
        "redis://me:hush@a:7000,b,[::1]:7001/0",
        "redis+sentinel://:hush@a:26379,b/mymaster/2",
        "rediss+sentinel://a/my%20master?ssl_ca_certs=/x",
        "unix:///run/@redis.sock?db=1",
        "unix://user:hush@/run/redis.sock",
    ],
)
def test_a_url_of_servers_is_accepted_unchanged(url: str) -> None:
    assert Settings.load(None, {"redis_url": f" {url}\n"}).redis_url == url


def test_every_option_of_redis_py_is_known() -> None:
    """Fails where redis-py has gained or lost an option: it belongs to one of the three lists."""
    plain: Any = connection.Connection
    both = [connection.AbstractConnection.__init__, plain.__init__, connection.UnixDomainSocketConnection.__init__]
    secure = inspect.signature(connection.SSLConnection.__init__).parameters
    accepted = {name for each in both for name in inspect.signature(each).parameters} - {"self", "kwargs"}
    # What only code can give: functions, classes, and the state of redis-py's own.
    from_code = {name for name in accepted if name.startswith(("maint", "orig_", "oss_", "himport"))}
    from_code |= {"parser_class", "encoder_class", "redis_connect_func", "event_dispatcher"}

    assert set(TLS_OPTIONS) == set(secure) - {"self", "kwargs"}
    assert accepted - from_code <= FIXED | OWNED.keys() | {"db"}
    assert set(connection.URL_QUERY_ARGUMENT_PARSERS) <= FIXED | OWNED.keys() | TLS_OPTIONS.keys() | {"db"}


class TestPasswordFile:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "password"
        path.write_text("hush\n")
        return path

    def test_is_read_as_it_is_then_without_its_line_end(self, file: Path) -> None:
        read = password_reader(file)
        assert read is not None
        assert read() == "hush"

        file.write_bytes(b"new one \r\n")

        assert read() == "new one "
        assert password_reader(None) is None

    @pytest.mark.parametrize("content", [b"", b"\n", b"hush" * 1025, b"hush\xff", None])
    def test_without_a_password_is_rejected_and_not_shown(self, file: Path, content: bytes | None) -> None:
        file.unlink() if content is None else file.write_bytes(content)

        with pytest.raises(SettingsError) as caught:
            Settings.load(None, {"redis_password_file": str(file)})

        assert str(caught.value).startswith("--redis-password-file: expected a file that holds the password of Redis")
        assert "hush" not in str(caught.value)

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (
                {"redis_url": "redis://:hush@h", "redis_password_file": "…"},
                "--redis-password-file: expected the password in this file or in redis_url, not both",
            ),
            (
                {"redis_url": "redis://me@h", "redis_user": "you"},
                "--redis-user: expected the user here or in redis_url",
            ),
        ],
    )
    def test_beside_the_same_in_the_url_is_rejected(self, given: dict[str, str], expected: str) -> None:
        with pytest.raises(SettingsError) as caught:
            Settings.load(None, given)

        assert str(caught.value).startswith(expected)
        assert "hush" not in str(caught.value)

    def test_goes_with_a_user_of_the_url(self, file: Path) -> None:
        given = {"redis_url": "redis://me@h", "redis_password_file": str(file)}

        assert Settings.load(None, given).redis_password_file == file


class TestMode:
    @pytest.mark.parametrize(
        ("mode", "url"),
        [
            ("auto", "redis://h"),
            ("auto", "redis://a,b"),
            ("auto", "redis+sentinel://a/s"),
            ("auto", "unix:///run/redis.sock"),
            ("single", "redis://h"),
            ("single", "unix:///run/redis.sock"),
            ("cluster", "redis://h"),
            ("cluster", "rediss://a,b"),
            ("sentinel", "rediss+sentinel://a,b/s"),
        ],
    )
    def test_that_fits_the_url_is_accepted(self, mode: str, url: str) -> None:
        assert Settings.load(None, {"redis_url": url, "redis_mode": mode}).redis_mode == mode

    @pytest.mark.parametrize(
        ("mode", "url", "said"),
        [
            ("single", "redis+sentinel://:hush@a/s", "auto or sentinel with a redis_url that names Sentinels"),
            ("cluster", "redis+sentinel://:hush@a/s", "auto or sentinel with a redis_url that names Sentinels"),
            ("sentinel", "redis://:hush@a", "a redis_url such as redis+sentinel://HOST:26379/SERVICE for sentinel"),
            ("sentinel", None, "a redis_url such as redis+sentinel://HOST:26379/SERVICE for sentinel"),
            ("single", "redis://:hush@a,b", "one host in redis_url for single"),
            ("cluster", "unix:///run/hush.sock", "a redis_url with hosts for cluster, whose nodes have to be found"),
            ("both", "redis://h", "'auto', 'single', 'cluster' or 'sentinel'"),
        ],
    )
    def test_that_does_not_fit_is_rejected(self, mode: str, url: str | None, said: str) -> None:
        with pytest.raises(SettingsError) as caught:
            Settings.load(None, {"redis_mode": mode} | ({"redis_url": url} if url else {}))

        assert str(caught.value) == f"--redis-mode: expected {said}, got {mode!r}"
