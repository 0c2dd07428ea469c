"""Texts that PyTorch would evaluate are accepted in the form alone in which PyTorch writes them."""

import pytest

from foreseen.adapters.predictor.networks.exported_text import require_guard_text, require_shape_text, tree_of
from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError

SYMBOL = "Symbol('s77', positive=True, integer=True)"
LEAF = '{"type": null, "context": null, "children_spec": []}'


@pytest.mark.parametrize(
    "text",
    [
        SYMBOL,
        "s0",
        "s0*4 + 1",
        f"Mul(Integer(2), {SYMBOL})",
        f"Min(Integer(8), Mul(Integer(8), {SYMBOL}))",
        "s0 // 2 >= 1",
    ],
)
def test_sizes_are_accepted(text: str) -> None:
    require_shape_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "Integer(1).func", "open('x', 'w')", "().__class__", "lambda: 1", "[1]",
        "Symbol('a b')", "eval('1')", "9**9", "Pow(9, 9)", "Symbol('s0', evil=True)", "Integer(1) if s0 else 2", "x",
        "Integer(*[1])", "10" * 200, "(" * 5000, "", "1\n2", "s0 := 1", "f'{s0}'", "1e400", "'a'.b", "1j",
    ],
)  # fmt: skip
def test_other_texts_than_sizes_are_rejected(text: str) -> None:
    with pytest.raises(RejectedFileError):
        require_shape_text(text)


@pytest.mark.parametrize(
    "text", ["L['x'].size()[0] % 2 == 0", "L['d']['a'].size()[0] == L['d']['b'].size()[1]", "not L['x'].size()[0] < 3"]
)
def test_guards_about_sizes_are_accepted(text: str) -> None:
    require_guard_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "open('x')", "L['x'].__class__()", "L['x'].size('a')", "L.pop()", "x == 1", "L['a b'].size()[0] == 1",
        "1)\n  import os\n  (1", "L['x'].size()[0] == (lambda: 1)()", "L[0:1].size()", "size()",
    ],
)  # fmt: skip
def test_other_texts_than_guards_are_rejected(text: str) -> None:
    with pytest.raises(RejectedFileError):
        require_guard_text(text)


def test_trees_of_plain_containers_are_read() -> None:
    pair = f'{{"type": "builtins.tuple", "context": "null", "children_spec": [{LEAF}, {LEAF}]}}'
    named = f'{{"type": "builtins.dict", "context": "[\\"a\\"]", "children_spec": [{pair}]}}'

    assert tree_of(f"[1, {named}]") == {"a": [None, None]}


@pytest.mark.parametrize(
    "tree",
    [
        '{"type": "collections.defaultdict", "context": "[]", "children_spec": []}',
        '{"type": "builtins.list", "context": "[1]", "children_spec": []}',
        '{"type": "builtins.dict", "context": "{}", "children_spec": []}',
        '{"type": "builtins.dict", "context": "[1]", "children_spec": []}',
        '{"type": ["builtins.dict"], "context": "[]", "children_spec": []}',
    ],
)
def test_other_trees_are_rejected(tree: str) -> None:
    with pytest.raises((RejectedFileError, TypeError)):
        tree_of(f"[1, {tree}]")
