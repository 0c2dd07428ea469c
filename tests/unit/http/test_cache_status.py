"""The Cache-Status header, by where the instances of an answer came from."""

import pytest

from foreseen.domain.answer import Answer, Origin
from foreseen.domain.entry import Entry
from foreseen.entrypoints.http.cache_status import cache_status

L1, L2, MODEL, JOINED = Origin
SAID = [
    ([L1], "foreseen; hit; detail=L1"),
    ([L2, L2], "foreseen; hit; detail=L2"),
    ([MODEL], "foreseen; fwd=miss; stored"),
    ([JOINED, JOINED], "foreseen; fwd=miss; collapsed"),
    ([L1, L2, L1], 'foreseen; hit; detail="L1=2 L2=1"'),
    ([L1, MODEL], 'foreseen; fwd=partial; stored; detail="L1=1 model=1"'),
    ([MODEL, JOINED], 'foreseen; fwd=partial; stored; detail="model=1 joined=1"'),
    ([L2, JOINED], 'foreseen; fwd=partial; collapsed; detail="L2=1 joined=1"'),
]


@pytest.mark.parametrize(("origins", "said"), SAID)
def test_an_answer_says_where_it_came_from(origins: list[Origin], said: str) -> None:
    answer = Answer([(Entry(b"{}", 0, 0), origin) for origin in origins])

    assert cache_status(answer, has_cache=True) == said
    assert cache_status(answer, has_cache=False) == "foreseen; fwd=bypass"
