"""Options that name the server, fixtures that reach it, and the report.

The server has a small model: its metadata names one matrix of numbers, of shape [-1, k], or several tensors of one
number for each row, of shape [-1] or [-1, 1]. It is asked about measurements of flowers: four features of FP64 or FP32
suit best. Run it in this folder, which has a configuration of its own.
"""

import inspect
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.levels import LEVELS, NOT_APPLICABLE, NOT_SERVED, not_served
from conformance.model import Model
from conformance.report import FAILED, PASSED, Finding, write
from conformance.rest import RestServer

if TYPE_CHECKING:
    from conformance.grpc_server import GrpcServer

FINDINGS = pytest.StashKey[dict[str, Finding]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("open inference protocol")
    group.addoption(
        "--oip-rest", metavar="URL", help="where the server answers over REST, such as http://127.0.0.1:8000"
    )
    group.addoption("--oip-grpc", metavar="ADDRESS", help="where it answers over gRPC, such as 127.0.0.1:8001")
    group.addoption("--oip-model", metavar="NAME", help="the name of its model")
    group.addoption("--oip-report", metavar="FILE", help="write one line of JSON for each check")
    group.addoption("--oip-fail-at", choices=LEVELS, default="MUST", help="the weakest level that fails the run")


def pytest_configure(config: pytest.Config) -> None:
    if not (config.getoption("--oip-rest") and config.getoption("--oip-model")) and not config.getoption("--help"):
        raise pytest.UsageError("expected --oip-rest URL and --oip-model NAME")
    config.stash[FINDINGS] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        mark = item.get_closest_marker("level")
        if mark is None or not _rule(item):
            raise pytest.UsageError(f"expected a level and a rule of {item.name}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    findings = item.config.stash[FINDINGS]
    if report.when == "call" or not report.passed:
        mark = item.get_closest_marker("level")
        assert mark is not None
        outcome, detail = _outcome(report, call)
        name = item.name.removeprefix("test_")
        findings[item.nodeid] = Finding(name, mark.args[0], _rule(item), outcome, detail)
    return report


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    findings = list(session.config.stash[FINDINGS].values())
    written = session.config.getoption("--oip-report")
    if written:
        write(findings, Path(written))
    binding = LEVELS[: LEVELS.index(session.config.getoption("--oip-fail-at")) + 1]
    if exitstatus == pytest.ExitCode.TESTS_FAILED and not any(
        finding.outcome == FAILED and finding.level in binding for finding in findings
    ):
        session.exitstatus = pytest.ExitCode.OK


def _rule(item: pytest.Item) -> str:
    assert isinstance(item, pytest.Function)
    case = item.callspec.params.get("case") if hasattr(item, "callspec") else None
    said = [getattr(case, "rule", ""), inspect.getdoc(item.function) or ""]
    return " ".join(" ".join(said).split())


def _outcome(report: pytest.TestReport, call: pytest.CallInfo[None]) -> tuple[str, str]:
    if report.passed:
        return PASSED, ""
    assert call.excinfo is not None
    seen = str(call.excinfo.value).strip() or call.excinfo.typename
    line = seen.splitlines()[0]
    for outcome in (NOT_SERVED, NOT_APPLICABLE):
        if line.startswith(f"{outcome}: "):
            return outcome, line.removeprefix(f"{outcome}: ")
    kind = "" if isinstance(call.excinfo.value, AssertionError) else f"{call.excinfo.typename}: "
    return FAILED, kind + line


@pytest.fixture(scope="session")
def rest(pytestconfig: pytest.Config) -> Iterator[RestServer]:
    """The server over REST."""
    with RestServer(pytestconfig.getoption("--oip-rest"), pytestconfig.getoption("--oip-model")) as server:
        yield server


@pytest.fixture(scope="session")
def model(rest: RestServer) -> Model:
    """The model, as its metadata describes it."""
    return Model.of(rest.get(rest.model_path).accepted())


@pytest.fixture(scope="session")
def grpc(pytestconfig: pytest.Config) -> Iterator["GrpcServer"]:
    """The server over gRPC."""
    address = pytestconfig.getoption("--oip-grpc")
    if not address:
        not_served("gRPC")
    # Imported here: a server without gRPC is checked without its library.
    from conformance.grpc_server import GrpcServer  # noqa: PLC0415

    with GrpcServer(address, pytestconfig.getoption("--oip-model")) as server:
        yield server
