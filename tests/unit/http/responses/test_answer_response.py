"""The Cache-Status header, by where the instances of an answer came from."""

import pytest

from foreseen.domain.answer import Answer, Origin
from foreseen.domain.identity.entry import Entry
from foreseen.entrypoints.http.responses.answer_response import cache_status

L1, L2, MODEL, COALESCED = Origin
SAID = [
    ([L1], "foreseen; hit; detail=L1"),
    ([L2, L2], "foreseen; hit; detail=L2"),
    ([MODEL], "foreseen; fwd=miss; stored"),
    ([COALESCED, COALESCED], "foreseen; fwd=miss; collapsed"),
    ([L1, L2, L1], 'foreseen; hit; detail="L1=2 L2=1"'),
    ([L1, MODEL], 'foreseen; fwd=partial; stored; detail="L1=1 model=1"'),
    ([MODEL, COALESCED], 'foreseen; fwd=partial; stored; detail="model=1 joined=1"'),
    ([L2, COALESCED], 'foreseen; fwd=partial; collapsed; detail="L2=1 joined=1"'),
]


@pytest.mark.parametrize(("origins", "said"), SAID)
def test_an_answer_names_its_source(origins: list[Origin], said: str) -> None:
    answer = Answer([(Entry(b"{}", 0, 0), origin) for origin in origins])

    assert cache_status(answer, has_cache=True, stores=True) == said
    assert cache_status(answer, has_cache=False, stores=False) == "foreseen; fwd=bypass"


@pytest.mark.parametrize(("origins", "said"), SAID)
def test_without_a_cache_no_answer_is_marked_as_stored(origins: list[Origin], said: str) -> None:
    answer = Answer([(Entry(b"{}", 0, 0), origin) for origin in origins])

    assert cache_status(answer, has_cache=True, stores=False) == said.replace("; stored", "")


@pytest.mark.parametrize(("stores", "said"), [(True, "; stored"), (False, "")])
def test_a_recomputed_answer_says_whether_it_is_stored(*, stores: bool, said: str) -> None:
    answer = Answer([(Entry(b"{}", 0, 0), MODEL)])

    status = cache_status(answer, has_cache=True, stores=stores, is_recomputed=True)

    assert status == "foreseen; fwd=request" + said
