"""Names of libraries that are not part of their interface and that we depend on, one test each.

`pyproject.toml` bounds these libraries from above. Where a test fails after an upgrade, the files that it names depend
on what changed.
"""

import inspect
import subprocess
import sys

from fastapi.dependencies import models
from redis._parsers.hiredis import _AsyncHiredisParser
from redis.asyncio.connection import AbstractConnection
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from support.time_limits import COMMAND_S


def missing(owner: object, *names: str) -> list[str]:
    """Return which names an object or a class does not have."""
    return [name for name in names if not hasattr(owner, name)]


def read_in(function: object) -> str:
    """Return the source of a function of a library."""
    return inspect.getsource(function)  # type: ignore[arg-type]


async def test_uvicorn_s_protocol_has_what_ours_extends() -> None:
    protocol = HttpToolsProtocol(Config(_app, log_config=None), ServerState(), {})

    names = (
        "app_state", "client", "connections", "cycle", "expect_100_continue", "flow", "loop", "parser", "pipeline",
        "scheme", "server_state", "timeout_keep_alive", "timeout_keep_alive_task", "timeout_keep_alive_handler",
        "_should_upgrade", "_unset_keepalive_if_required",
    )  # fmt: skip
    assert missing(protocol, *names) == [], "see src/entrypoints/http/server/"


def test_uvicorn_s_cycle_has_what_our_protocol_reads() -> None:
    source = read_in(RequestResponseCycle.__init__)
    names = ("body", "keep_alive", "more_body", "response_complete", "scope")

    assert [name for name in names if name not in source] == [], "see src/entrypoints/http/server/bounded_protocol.py"


def test_uvicorn_s_supervisor_has_what_ours_extends() -> None:
    assert missing(
        Multiprocess, "handle_hup", "handle_int", "handle_signals", "handle_term", "handle_ttin", "init_processes",
        "join_all", "keep_subprocess_alive", "terminate_all",
    ) == [], "see src/entrypoints/http/processes/supervisor.py"  # fmt: skip
    assert missing(Process, "exitcode", "join", "kill", "pid", "start", "target") == [], (
        "see src/entrypoints/http/processes/worker_process.py"
    )
    assert "child_conn" in read_in(Process.__init__)


def test_redis_py_s_parser_has_what_ours_extends() -> None:
    assert missing(_AsyncHiredisParser, "on_connect", "read_from_socket", "can_read_destructive") == [], (
        "see src/adapters/cache/redis/client/reply_limits.py"
    )
    assert "_reader" in read_in(_AsyncHiredisParser.on_connect)


def test_redis_py_s_connections_have_what_exchanges_use() -> None:
    names = ("_connect", "can_read", "disconnect", "is_connected", "read_response", "send_packed_command")

    assert missing(AbstractConnection, *names) == [], "see src/adapters/cache/redis/client/fast_commands.py"
    assert "check_health" in inspect.signature(AbstractConnection.send_packed_command).parameters


def test_fastapis_caches_of_functions_can_be_cleared() -> None:
    caches = [name for name, known in vars(models).items() if hasattr(known, "cache_clear")]

    # Versions before it began to remember any have no caches.
    assert bool(caches) == ("lru_cache" in read_in(models) or "@cache" in read_in(models)), (
        "see forget_routes in src/entrypoints/http/service/assembly.py: a reload would keep every model"
    )


async def _app(scope: object, receive: object, send: object) -> None:
    return


def test_providers_of_dependency_injector_import_no_web_framework() -> None:
    code = (
        "import sys, foreseen.wiring.container; print(sorted({'fastapi', 'starlette', 'flask'} & sys.modules.keys()))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=COMMAND_S)

    assert ran.stdout == "[]\n", "see docs/adr/0041-a-container-of-providers.md"
