"""The Cache-Status header, by where the instances of an answer came from."""

import pytest

from foreseen.domain.answer import Answer, Origin
from foreseen.domain.identity.cache_control import Directives
from foreseen.domain.identity.entry import Entry
from foreseen.entrypoints.http.responses.cache_status import cache_status

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
def test_an_answer_says_where_it_came_from(origins: list[Origin], said: str) -> None:
    answer = Answer([(Entry(b"{}", 0, 0), origin) for origin in origins])

    assert cache_status(answer, has_cache=True, keeps=True) == said
    assert cache_status(answer, has_cache=False, keeps=False) == "foreseen; fwd=bypass"


@pytest.mark.parametrize(("origins", "said"), SAID)
def test_where_nothing_is_kept_nothing_is_said_to_be_stored(origins: list[Origin], said: str) -> None:
    answer = Answer([(Entry(b"{}", 0, 0), origin) for origin in origins])

    assert cache_status(answer, has_cache=True, keeps=False) == said.replace("; stored", "")


@pytest.mark.parametrize(
    ("keeps", "no_store", "said"),
    [(True, False, "; stored"), (True, True, ""), (False, False, ""), (False, True, "")],
)
def test_an_answer_computed_anew_is_stored_unless_client_or_cache_keep_it_from_that(
    keeps: bool, no_store: bool, said: str
) -> None:
    answer, wish = Answer([(Entry(b"{}", 0, 0), MODEL)]), Directives(no_cache=True, no_store=no_store)

    assert cache_status(answer, wish, has_cache=True, keeps=keeps) == "foreseen; fwd=request" + said
