"""A damaged file of ONNX is rejected in one line or answers: it never ends the process that loads it."""

import json
import os
import random
import resource
import warnings
from pathlib import Path

import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.errors import ForeseenError, ModelUnavailableError
from foreseen.domain.values.probe import probe_batch
from support.example_counts import examples
from support.onnx_models import convolutions, of_family, saved

FILES = examples(12)
MOST_BYTES = 8 * 2**30
"""Of memory: what is left of a file may describe far larger weights."""


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return a file with a few bytes changed, removed or added behind those by which it is recognised."""
    found = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 4, 8])):
        place = chance.randrange(4, len(found))
        how = chance.randrange(4)
        if how == 0:
            del found[place]
        elif how == 1:
            found.insert(place, chance.randrange(256))
        else:
            found[place] = chance.randrange(256)
    return bytes(found)


def outcome(path: Path) -> str:
    """Load a file and call its model, in words."""
    try:
        predictor = load_predictor(path)
    except ModelUnavailableError as exc:
        return f"rejected in {len(str(exc).splitlines())} line"
    try:
        predictor.predict(probe_batch(predictor.info.signature, 3))
    except ForeseenError:
        return "rejects its rows"
    return "answers"


def outcome_of_a_process(path: Path) -> str:
    """Return the same from a process of its own, or how that ended instead."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        said = "nothing"
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
            said = outcome(path)
        except BaseException as exc:  # noqa: BLE001 - the parent shows it
            said = repr(exc)
        finally:
            os.write(writer, json.dumps(said).encode()[:4000])
            os._exit(0)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    said = os.read(reader, 4096).decode()
    os.close(reader)
    return json.loads(said) if said else f"ended by signal {os.WTERMSIG(status)}"


@pytest.mark.parametrize("name", ["logistic", "columns", "boosting of numbers", "convolutions"])
def test_a_damaged_file_never_ends_the_process(name: str, tmp_path: Path) -> None:
    content = convolutions().SerializeToString() if name == "convolutions" else of_family(name)
    chance = random.Random(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, which Python 3.12 reports
        assert outcome(saved(content, tmp_path)) == "answers"  # everything is imported by now
        found = {outcome_of_a_process(saved(damaged(content, chance), tmp_path)) for _ in range(FILES)}

    assert found <= {"rejected in 1 line", "rejects its rows", "answers"}
