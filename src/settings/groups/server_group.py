"""ServerGroup: the settings of the server: where it listens, its processes, and the limits of requests."""

from functools import partial
from typing import Final, Literal

from pydantic import ByteSize

from foreseen.settings.groups.setting_group import SettingGroup, setting
from foreseen.settings.network_values import RootPath
from foreseen.settings.setting_values import NAME, Duration, UpToADay, Whole

_setting: Final = partial(setting, "Server")


class ServerGroup(SettingGroup):
    """The settings of the server: where it listens, its processes, and the limits of requests."""

    host: str = _setting("127.0.0.1", "Address to listen on.", shown="ADDRESS", min_length=1)
    port: Whole = _setting(8000, "Port to listen on, 0 for any free port.", shown="N", ge=0, le=65535)
    default_model: str | None = _setting(
        None,
        "Model of /predict and the other paths without a name, if several are served. (default: the only one)",
        shown="NAME",
        pattern=NAME,
    )
    root_path: RootPath = _setting(
        "/",
        "Path below which a proxy serves this, such as /ml, whether the proxy strips it or not.",
        shown="PATH",
    )
    workers: Whole = _setting(
        1,
        "Number of serving processes, each with its own copy of the model and its own lru.",
        shown="N",
        ge=1,
        le=256,
    )
    model_isolation: Literal["auto", "process", "thread"] = _setting(
        "auto",
        "Where the model runs: in a process of its own, or in a thread of the serving process; auto: in a process, "
        "but calls that cost less than sending them there on the event loop.",
        shown="auto|process|thread",
    )
    model_timeout: Duration = _setting(
        60.0, "Time limit of one model call; after that its process is replaced.", shown="TIME"
    )
    stop_timeout: Duration = _setting(
        20.0, "How long requests under way may take after SIGTERM or SIGINT.", shown="TIME"
    )
    max_body: ByteSize = _setting(8 * 2**20, "Largest request body: 512KiB, 8MiB.", shown="SIZE", ge=1)
    max_unfinished_bodies: ByteSize = _setting(
        64 * 2**20,
        "Maximum memory for all unfinished request bodies of one process, beyond 64KiB each.",
        shown="SIZE",
        ge=1,
    )
    max_rows: Whole = _setting(10_000, "Maximum number of instances in one request.", shown="N", ge=1)
    max_waiting: Whole = _setting(
        10_000,
        "Maximum number of instances that wait for the model in one process; others get 503 and Retry-After.",
        shown="N",
        ge=1,
    )
    timeout: UpToADay = _setting(
        30.0,
        "How long a request may wait for its answer; the header Request-Timeout can shorten it.",
        shown="TIME",
    )
    receive_timeout: Duration = _setting(
        30.0, "How long a request may take to arrive, and a client may take to read the answer.", shown="TIME"
    )
    keep_alive: Duration = _setting(
        75.0,
        "How long an idle connection is kept open; must be longer than the idle timeout of a load balancer in front.",
        shown="TIME",
    )
    max_connections: Whole = _setting(
        10_000,
        "Maximum connections of one process; fewer if its limit of open files requires it.",
        shown="N",
        ge=1,
    )
    access_log: Literal["off", "on"] = _setting("off", "Log each request, in the format of log_format.", shown="off|on")
