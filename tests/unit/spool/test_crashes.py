"""A run that dies anywhere is gone on with and ends as if it had not; only a whole file has a final name."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.domain.errors import TableError
from support.crashing_disk import Choose, Crash, CrashingDisk
from support.example_counts import examples
from support.sink_runs import Run

KINDS = {
    "lines": {},
    "sealed": {"is_sealed": True},
    "no rejects": {"has_rejects": False},
    "rejects named": {"is_rejects_named": True},
    "no rejects, named": {"is_rejects_named": True, "has_rejects": False},
    "pieces": {"has_pieces": True},
}


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def crashed(run: Run, at: int) -> CrashingDisk | None:
    """Run until the system call of this number; give the disk, None if it was over before."""
    disk = CrashingDisk(dies_at=at)
    try:
        run(disk)
    except Crash:
        disk.die()
        return disk
    return None


def went_on(run: Run) -> None:
    """Go on, unless the crash came when all was done."""
    if (run.folder / "out.csv").exists() and not run.places.journal.exists() and not run.force:
        with pytest.raises(TableError, match="expected an unfinished run to resume"):
            run()
        return
    run()


def check_names(run: Run, before: dict[str, bytes]) -> None:
    """See that what has a final name is whole, and that an output has its rejects."""
    files = held(run.folder)
    for name in ("out.csv", "out.csv.rejects.csv"):
        assert files.get(name) in (None, before.get(name), run.expected.get(name))
    if files.get("out.csv") == run.expected["out.csv"]:
        assert files.get("out.csv.rejects.csv") == run.expected.get("out.csv.rejects.csv")


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_killed_before_any_system_call_resumes(kind: str, tmp_path: Path) -> None:
    run, at = Run(tmp_path, **KINDS[kind]), 0  # type: ignore[arg-type]
    while crashed(run, at := at + 1):
        check_names(run, {})
        went_on(run)
        assert held(tmp_path) == run.expected, at
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()

    assert at > 30


@pytest.mark.parametrize("kind", KINDS)
def test_replacing_an_output_leaves_the_old_or_new_one(kind: str, tmp_path: Path) -> None:
    run, at = Run(tmp_path, force=True, resume=False, **KINDS[kind]), 0  # type: ignore[arg-type]
    before = {"out.csv": b"old", "out.csv.rejects.csv": b"old rejects"}
    over = False
    while not over:
        for name, data in before.items():
            (tmp_path / name).write_bytes(data)
        over = crashed(run, at := at + 1) is None
        check_names(run, before)
        # Without force, which the journal remembers; where there is none yet, the old output is rejected.
        if run.places.journal.exists() and run.places.journal.read_bytes().count(b"\n") > 1:
            run.but(resume=True, force=False)()
        else:
            run.but(resume=True)()
        assert held(tmp_path) == run.expected, at


@st.composite
def chooser(draw: st.DrawFn) -> Choose:
    data = draw(st.data())
    return lambda first, last: data.draw(st.integers(first, last))


@pytest.mark.parametrize("then", [14, 24, 34])
def test_a_run_killed_twice_is_gone_on_with(then: int, tmp_path: Path) -> None:
    run, at = Run(tmp_path, chunks_a_step=1), 0
    while crashed(run, at := at + 1):
        if run.places.journal.exists():
            crashed(run, then)
        went_on(run)
        assert held(tmp_path) == run.expected, at
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()


@settings(max_examples=examples(75), deadline=None)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    crashes=st.lists(st.integers(1, 60), min_size=1, max_size=4),
    is_anew=st.booleans(),
    choose=chooser(),
)
def test_power_that_fails_again_and_again_costs_nothing_but_time(
    kind: str, crashes: list[int], is_anew: bool, choose: Choose, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("power")
    run = Run(folder, **KINDS[kind])  # type: ignore[arg-type]
    if is_anew:  # by force, over what a run has left
        crashed(run, 30)
        disk = crashed(run.but(force=True, resume=False), crashes.pop())
        if disk is not None:
            disk.lose_power(choose)
    for at in crashes:
        if (folder / "out.csv").exists() and not run.places.journal.exists():
            break
        disk = crashed(run, at)
        if disk is None:
            break
        disk.lose_power(choose)
        check_names(run, {})
    went_on(run)

    assert held(folder) == run.expected
    shutil.rmtree(folder)
