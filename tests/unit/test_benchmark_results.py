"""What benchmarks find reaches the page and its pictures, and what could not be measured is named."""

import os
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import measure
import page as benchmarks_page
from harness import processes as processes_module
from harness import report as reports
from harness.forms import FLOWER, OPEN_INFERENCE, label_in
from harness.optional.contender import Contender, started
from harness.optional.granian import granian
from harness.optional.litserve import litserve
from harness.optional.mlserver import mlserver
from harness.pictures import PICTURES, Picture, drawn
from harness.report import Report

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SVG = "{http://www.w3.org/2000/svg}"
HITS = Picture("hit", "What a hit costs", "bench_hits", "Hits by POST", {"foreseen": "foreseen", "nginx": "nginx"})
MACHINE = {"source": "abc1234", "load before": "0.10 0.10 0.10"}


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(reports, "RESULTS", tmp_path / "results")
    return tmp_path / "results"


def hits(**rates: str) -> Report:
    """Return the report of a benchmark, with the requests/s of some contenders."""
    report = Report("bench_hits", "python bench_hits.py", MACHINE, "2026-01-01 00:00 UTC")
    report.table("Hits by POST", "contender", "connections", "requests/s").rows = [
        [name, "16", rate] for name, rate in rates.items()
    ]
    return report


def page_of(report: Report) -> str:
    """Return a page with one part, that of a report."""
    return f"# Page\n\n<!-- bench_hits -->\n{benchmarks_page.measured(report)}<!-- end -->\n"


def test_a_part_without_a_result_stays_as_published(capsys: pytest.CaptureFixture[str]) -> None:
    page = page_of(hits(foreseen="50,000 (40,000-80,000)"))

    assert benchmarks_page.with_results(page, []) == page
    assert capsys.readouterr().err == "left as published: bench_hits\n"


def test_a_result_replaces_what_its_part_showed(capsys: pytest.CaptureFixture[str]) -> None:
    hits(foreseen="60,000 (60,000-60,000)").finish()

    page = benchmarks_page.with_results(page_of(hits(foreseen="50,000 (50,000-50,000)")), [])

    assert "60,000" in page
    assert "50,000" not in page


def test_parts_that_are_not_named_stay_as_published(capsys: pytest.CaptureFixture[str]) -> None:
    hits(foreseen="60,000 (60,000-60,000)").finish()
    page = page_of(hits(foreseen="50,000 (50,000-50,000)"))

    assert benchmarks_page.with_results(page, ["misses"]) == page


def test_a_picture_shows_the_cost_of_an_answer() -> None:
    picture = drawn(HITS, page_of(hits(foreseen="50,000 (40,000-80,000)", nginx="125,000 (125,000-125,000)")))

    assert texts(picture, "figure ours") == ["20.0 µs"]
    assert texts(picture, "figure") == ["8.0 µs"]
    assert texts(picture, "name") == ["nginx"], "the cheapest comes first"


def test_a_picture_names_contenders_without_figures() -> None:
    picture = drawn(HITS, page_of(hits(foreseen="50,000 (40,000-80,000)")))

    assert texts(picture, "none") == ["not measured"]
    assert "nginx: not measured" in description(picture)


def test_a_picture_of_a_page_without_figures_is_still_one() -> None:
    assert texts(drawn(HITS, "# Page\n"), "none") == ["not measured"] * 2


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_the_pictures_show_what_the_page_shows(picture: Picture) -> None:
    kept = (benchmarks_page.PICTURES_FOLDER / f"{picture.name}.svg").read_text()

    assert kept == drawn(picture, benchmarks_page.PAGE.read_text()), "run benchmarks/page.py"
    assert description(kept)


def texts(picture: str, kind: str) -> list[str | None]:
    """Return the texts of a class in a picture."""
    return [text.text for text in ET.fromstring(picture).iter(f"{SVG}text") if text.get("class") == kind]


def description(picture: str) -> str:
    """Return what a picture is called, and what it says to those who do not see it."""
    root = ET.fromstring(picture)
    assert root.get("aria-labelledby") == "title description"
    assert root.findtext(f"{SVG}title")
    return root.findtext(f"{SVG}desc") or ""


def test_missing_contenders_are_named_and_others_started() -> None:
    report = hits()
    present = Contender("nginx", "", lambda: nullcontext("http://127.0.0.1:1/predict"))
    missing = Contender("MLServer", "MLServer is missing: install it", present.serve)

    with ExitStack() as processes:
        urls = started([present, missing], processes, report)

    assert urls == {"nginx": "http://127.0.0.1:1/predict"}
    assert "Not measured: MLServer is missing: install it." in report.markdown()


def test_a_contender_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.optional.contender.ENVIRONMENTS", tmp_path)

    for contender in (granian(), litserve(tmp_path), mlserver(tmp_path)):
        assert f"{contender.name} is missing: make contenders installs" in contender.missing
        assert (BENCHMARKS.parent / contender.missing.split()[-1]).is_file()


def test_other_servers_are_held_while_one_is_measured() -> None:
    with ExitStack() as processes:
        ours, other = (processes.enter_context(served()) for _ in range(2))
        with processes_module.alone(ours):
            assert change(other, os.WSTOPPED) == os.CLD_STOPPED
            assert change(ours, os.WSTOPPED | os.WNOHANG) is None
        assert change(other, os.WCONTINUED) == os.CLD_CONTINUED


@contextmanager
def served() -> Iterator[str]:
    """Run a server that has nothing to serve."""
    port = processes_module.free_port()
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    url = f"http://127.0.0.1:{port}/"
    with processes_module.answering(command, url):
        yield url


def change(url: str, options: int) -> int | None:
    """Wait for a change of the server at a URL, and return which it is."""
    changed = os.waitid(os.P_PID, processes_module.PROCESS_GROUPS[urlsplit(url).netloc], options)
    return changed.si_code if changed else None


def test_wrk_sends_new_flowers_in_every_form() -> None:
    script = (BENCHMARKS / "harness" / "load.lua").read_text()

    assert all(f'["{form.path}"]' in script for form in (FLOWER, OPEN_INFERENCE))


def test_labels_are_read_from_either_form() -> None:
    assert label_in("http://127.0.0.1:1/predict", b'{"prediction":"2"}') == "2"
    assert label_in("http://127.0.0.1:1/v2/models/model/infer", b'{"outputs":[{"data":[2]}]}') == "2"


def test_a_part_is_measured_once_for_a_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measure, "source", lambda: "abc1234")
    assert not measure.is_measured("hits")

    hits().finish()
    assert measure.is_measured("hits")

    monkeypatch.setattr(measure, "source", lambda: "def5678")
    assert not measure.is_measured("hits")


def test_a_part_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "bench_slow.py"
    script.write_text("import signal\nsignal.pause()\n")
    monkeypatch.setattr(measure, "parts", lambda: {"slow": script})
    monkeypatch.setattr(measure, "LIMIT_S", 0.1)

    assert not measure.measured("slow")
    assert "bench_slow took longer than" in capsys.readouterr().err
