"""Weights that torch.save wrote answer as the module of --code that they are loaded into, and nothing of them runs."""

import io
import json
import os
import pickle
import random
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import foreseen
from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.networks.torch_threads import have_same_bits_everywhere
from foreseen.domain.errors import InvalidBatchError, ModelUnavailableError
from foreseen.domain.values.probe import probe_batch
from support.processes import run, served
from support.reloadable_service import reload
from support.same_everywhere import answers_of, answers_of_file, answers_of_http
from support.time_limits import COMMAND_S

have_same_bits_everywhere()  # before PyTorch computes anything in this process
torch: Any = pytest.importorskip("torch", reason="600 MB: make test-formats installs it")
nn: Any = torch.nn

ROWS = [{"x": [place / 7, -1.5, 0.25 * place, 3.0]} for place in range(40)]
ONE_LINE = r"^[^\n]*expected [^\n]*$"
SIDECAR = '[[features]]\nname = "x"\nshape = [4]\n'

NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.Sequential(nn.Linear(4, 50), nn.BatchNorm1d(50), nn.ReLU(), nn.Dropout(0.5), nn.Linear(50, 3))

    def forward(self, x):
        return self.parts(x)
"""


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Each load sets the number of PyTorch's threads, for the whole process."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def defined(source: str) -> Any:
    """Return the names that a source defines."""
    names: dict[str, Any] = {"__name__": "defined"}
    exec(source, names)
    return names


def trained(source: str = NET, name: str = "Net") -> Any:
    """Return a module of a source with weights that a new one does not have, ready to predict."""
    torch.manual_seed(7)
    made = defined(source)[name]()
    with torch.no_grad():
        for tensor in made.state_dict().values():
            if torch.is_tensor(tensor) and tensor.is_floating_point():
                tensor.copy_(torch.rand_like(tensor) + 0.1)
    return made.eval()


def saved(folder: Path, content: Any, code: str = NET, sidecar: str = SIDECAR, **more: Any) -> tuple[Path, Path]:
    """Save an object, the code beside it, and a sidecar; return the paths of the first two."""
    weights, net = folder / "weights.pt", folder / "net.py"
    torch.save(content, weights, **more)
    net.write_text(code)
    if sidecar:
        (folder / "weights.toml").write_text(sidecar)
    for path in (weights, net):
        path.chmod(0o600)
    return weights, net


def own_answers(module: Any, rows: list[dict[str, Any]]) -> list[Any]:
    """Return what a module answers by itself to so many rows that they fill calls of 32."""
    matrix = torch.tensor([row["x"] for row in rows] + [rows[-1]["x"]] * (-len(rows) % 32))
    with torch.inference_mode():
        parts = [module(part) for part in matrix.split(32)]
    return [{"prediction": row} for row in torch.cat(parts)[: len(rows)].tolist()]


def message(weights: Path, code: Path | None) -> str:
    """Return why weights are not loaded."""
    with pytest.raises(ModelUnavailableError, match=ONE_LINE) as error:
        load_predictor(weights, code=code)
    return str(error.value)


def test_weights_answer_with_the_bits_of_their_module(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict())
    predictor = load_predictor(weights, code=net)

    assert answers_of(predictor, ROWS) == own_answers(trained(), ROWS)
    assert [answers_of(predictor, [row])[0] for row in ROWS[:3]] == answers_of(predictor, ROWS)[:3]


def test_every_entrypoint_returns_the_same_bits(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict())
    expected = own_answers(trained(), ROWS)

    assert answers_of_http(weights, ROWS, "--code", str(net)) == expected
    assert answers_of_file(weights, ROWS, "--code", str(net)) == expected


def test_inputs_are_those_of_the_sidecar(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict())
    info = load_predictor(weights, code=net).info

    assert [(each.name, each.dtype, each.shape) for each in info.signature.features] == [("x", "float32", (4,))]
    assert (info.call_size.fixed, info.model_input.takes) == (32, "tensors")
    assert set(info.versions) == {"python", "numpy", "torch"}


def test_a_table_has_a_column_for_each_value_of_the_only_argument(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict(), sidecar="")
    rows = [dict(zip("abcd", row["x"], strict=True)) for row in ROWS]

    predictor = load_predictor(weights, code=net, features=list("abcd"))

    assert answers_of(predictor, rows) == own_answers(trained(), ROWS)


def test_without_a_sidecar_the_error_says_what_to_write(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict(), sidecar="")

    assert message(weights, net) == (
        f"{weights}: expected a sidecar that describes the input of the model, as modules of PyTorch do not "
        "record shapes, got none; try: --features A,B,… for the columns of a table, or [[features]] with name, dtype "
        f"and shape in {tmp_path / 'weights.toml'}"
    )


def test_several_inputs_and_outputs_have_names(tmp_path: Path) -> None:
    code = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.kinds, self.last = nn.Embedding(9, 3), nn.Linear(5, 1)

    def forward(self, amount, kind, scale=None):
        return {"score": self.last(torch.cat([amount, self.kinds(kind)], 1)), "parts": (amount.sum(1), kind > 1)}
"""
    sidecar = '[[features]]\nname = "amount"\nshape = [2]\n[[features]]\nname = "kind"\ndtype = "int64"\n'
    made = trained(code)
    weights, net = saved(tmp_path, made.state_dict(), code, sidecar)
    predictor = load_predictor(weights, code=net)

    found = answers_of(predictor, [{"amount": [0.5, 2.0], "kind": 3}])[0]["prediction"]

    assert {name: found[name] for name in ("parts.0", "parts.1")} == {"parts.0": 2.5, "parts.1": True}
    assert found["score"] == pytest.approx(made(torch.tensor([[0.5, 2.0]]), torch.tensor([3]))["score"].item())
    with pytest.raises(InvalidBatchError, match="index out of range"):  # an embedding of nine kinds
        answers_of(predictor, [{"amount": [0.5, 2.0], "kind": 9}])


UNFIT: dict[str, tuple[str, str, str]] = {
    "another size": (NET, SIDECAR.replace("4", "5"), r"fails whatever it is given: .*cannot be multiplied"),
    "too many": (NET, SIDECAR + '[[features]]\nname = "y"\n', r"takes 2 positional arguments but 3 were given"),
    "another dtype": (NET, SIDECAR + 'dtype = "int64"\n', r"must have the same dtype, but got Long and Float"),
    "texts": (NET, SIDECAR + 'dtype = "string"\n', r"feature 'x': expected a number, got string"),
    "named arguments": (NET.replace("self, x)", "self, x, *, y)"), SIDECAR, r"required keyword-only argument: 'y'"),
    "two arguments": (NET.replace("self, x)", "self, x, y)"), SIDECAR, r"describes the 2 inputs .* got 1; try: "),
    "no tensors": (NET.replace("return", "return 3 #"), SIDECAR, r"to answer with tensors, got int"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_inputs_that_do_not_fit_the_module_are_rejected_when_it_is_loaded(name: str, tmp_path: Path) -> None:
    code, sidecar, expected = UNFIT[name]
    weights, net = saved(tmp_path, trained(code).state_dict(), code, sidecar)

    with pytest.raises(ModelUnavailableError, match=ONE_LINE) as error:
        load_predictor(weights, code=net)
    error.match(expected)


def test_a_program_loads_weights_as_the_command_does(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict())
    model = foreseen.load(weights, code=net)

    assert list(map(list, model.predict(ROWS))) == [each["prediction"] for each in own_answers(trained(), ROWS)]


BUILDS: dict[str, str] = {
    "a function": "def build():\n    return Net()\n",
    "a function with defaults": "def build(kind=Net):\n    return kind()\n",
    "a helper with arguments": "class Block(nn.Module):\n    def __init__(self, size):\n        super().__init__()\n",
    "an alias": "Other = Net\n",
    "a class that is imported": "from torch.nn import Identity\n",
    "a choice of two": "class Other(nn.Module):\n    pass\n\ndef build():\n    return Net()\n",
    "a module of another file": "from beside import build\n",
    "a module in a graph of its own": "def build():\n    return nn.DataParallel(Net()).module\n",
    "threads of its own": "torch.set_num_threads(7)\n",
}


@pytest.mark.parametrize("name", BUILDS)
def test_code_gives_the_module_by_build_or_by_its_only_class(name: str, tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict(), NET + BUILDS[name])
    (tmp_path / "beside.py").write_text(NET + "def build():\n    return Net()\n")
    (tmp_path / "beside.py").chmod(0o600)

    predictor = load_predictor(weights, code=net)

    assert answers_of(predictor, ROWS) == own_answers(trained(), ROWS)
    assert torch.get_num_threads() == 1


CHECKPOINTS: dict[str, Callable[[Any], Any]] = {
    "state_dict": lambda own: {"state_dict": own, "epoch": 3, "lr": [0.1]},
    "model_state_dict": lambda own: {"model_state_dict": own, "optimizer_state_dict": {"state": {0: {"step": 1}}}},
    "DataParallel": lambda own: {f"module.{name}": tensor for name, tensor in own.items()},
    "torch.compile": lambda own: {f"_orig_mod.{name}": tensor for name, tensor in own.items()},
    "both": lambda own: {"state_dict": {f"module._orig_mod.{name}": tensor for name, tensor in own.items()}},
    "of a part that was compiled": lambda own: {
        name.replace("parts.", "parts._orig_mod."): tensor for name, tensor in own.items()
    },
    "of Lightning": lambda own: {
        "state_dict": {f"model.{name}": tensor for name, tensor in own.items()},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(3)}}}],
        "pytorch-lightning_version": "2.5.0",
    },
    "of Lightning, compiled": lambda own: {
        "state_dict": {f"net._orig_mod.{name}": tensor for name, tensor in own.items()}
    },
    "under another name": lambda own: {"model": own, "optimizer": {"state": {}, "param_groups": []}, "epoch": 9},
    "beside tensors": lambda own: {"net": own, "step": torch.tensor(3), "hparams": {"lr": 0.1}},
    "double precision": lambda own: {name: tensor.double() for name, tensor in own.items()},
}


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_checkpoint_of_training_has_one_state_dict(name: str, tmp_path: Path) -> None:
    weights, net = saved(tmp_path, CHECKPOINTS[name](trained().state_dict()))

    assert answers_of(load_predictor(weights, code=net), ROWS) == own_answers(trained(), ROWS)


VERSIONED = """
import torch
from torch import nn

class Scaled(nn.Linear):
    _version = 2

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *others):
        if local_metadata.get("version", 1) < 2:  # weights of then were halves
            state_dict[prefix + "weight"] = state_dict[prefix + "weight"] * 2
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *others)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scaled = Scaled(4, 3)

    def forward(self, x):
        return self.scaled(x)
"""
WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "of Lightning": lambda net: nn.ModuleDict({"model": net}),
    "DataParallel": lambda net: nn.ModuleDict({"module": nn.ModuleDict({"model": net})}),
    "torch.compile": lambda net: nn.ModuleDict({"net": nn.ModuleDict({"_orig_mod": net})}),
}
"""What a module is within when its weights are saved."""


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_part_that_reads_the_version_of_its_weights_finds_it_in_a_checkpoint(name: str, tmp_path: Path) -> None:
    own = trained(VERSIONED)
    weights, net = saved(tmp_path, {"state_dict": WRAPPERS[name](own).state_dict()}, VERSIONED)

    assert answers_of(load_predictor(weights, code=net), ROWS) == own_answers(own, ROWS)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_weights_in_half_precision_are_computed_in_that_of_the_module(dtype: str, tmp_path: Path) -> None:
    halves = {name: tensor.to(getattr(torch, dtype)) for name, tensor in trained().state_dict().items()}
    weights, net = saved(tmp_path, halves)
    rounded = trained()
    rounded.load_state_dict(halves)

    assert answers_of(load_predictor(weights, code=net), ROWS) == own_answers(rounded, ROWS)
    assert own_answers(rounded, ROWS) != own_answers(trained(), ROWS)


def test_a_module_whose_own_names_look_like_a_wrapper_is_loaded(tmp_path: Path) -> None:
    code = NET.replace("self.parts", "self.module")
    weights, net = saved(tmp_path, trained(code).state_dict(), code)

    assert answers_of(load_predictor(weights, code=net), ROWS) == own_answers(trained(code), ROWS)


def without(own: Any, name: str) -> Any:
    return {each: tensor for each, tensor in own.items() if each != name}


WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a missing key": (
        lambda own: without(own, "parts.4.bias"),
        r"the weights of Net, got 1 missing: 'parts\.4\.bias' of shape \(3,\)$",
    ),
    "an unknown key": (
        lambda own: {**own, "last.bias": torch.zeros(2)},
        r"got 1 unexpected: 'last\.bias' of shape \(2,\)$",
    ),
    "another shape": (
        lambda own: {**own, "parts.0.weight": torch.zeros(50, 5)},
        r"got 1 of another shape: 'parts\.0\.weight' of shape \(50, 5\) instead of \(50, 4\)$",
    ),
    "another model": (
        lambda own: nn.Linear(4, 3).state_dict(),
        r"got 9 missing: 'parts\.0\.weight' of shape \(50, 4\), …; 2 unexpected: 'weight' of shape \(3, 4\), …$",
    ),
    "nothing": (lambda own: {}, r"got 9 missing"),
    "a view of far more": (
        lambda own: {**own, "parts.4.bias": torch.zeros(1).expand(2**40)},
        r"got 1 of another shape",
    ),
    "both keys": (
        lambda own: {"state_dict": own, "model_state_dict": own},
        r"expected one state_dict in the checkpoint, got state_dict and model_state_dict; try: ",
    ),
    "no state_dict": (
        lambda own: {"optimizer": {"state": {}}, "epoch": 3},
        r"a state_dict, or a checkpoint that has one, got a dict of 'optimizer', 'epoch'; try: torch",
    ),
    "averaged weights as well": (
        lambda own: {"model": own, "ema": own, "epoch": 3},
        r"expected one state_dict in the checkpoint, got model and ema; try: torch\.save\(checkpoint\['model'\]",
    ),
    "a part of another module": (
        lambda own: {f"model.{name}": tensor for name, tensor in without(own, "parts.4.bias").items()},
        r"got 9 missing: 'parts\.0\.weight' of shape \(50, 4\), …; 8 unexpected: 'model\.parts\.0\.weight' of",
    ),
    "an extra state that the module has not": (
        lambda own: {**own, "parts._extra_state": {"a": 1}}, r"got 1 unexpected: 'parts\._extra_state'$"
    ),
    "a tensor without values": (
        lambda own: {**own, "parts.4.bias": torch.zeros(3, device="meta")}, r"Cannot copy out of meta tensor"
    ),
    "a sparse tensor": (
        lambda own: {**own, "parts.4.weight": own["parts.4.weight"].to_sparse()}, r"between dense and sparse"
    ),
    "a state_dict of other objects": (lambda own: {"state_dict": [1, 2]}, r"got a dict of 'state_dict'; try: "),
    "a tensor": (lambda own: torch.zeros(3), r"got an object of class Tensor; try: torch\.save\(model\.state_dict"),
    "a list": (lambda own: [own], r"got an object of class list"),
    "numbers as names": (lambda own: {1: torch.zeros(3)}, r"got a dict of 1; "),
    "a pickled module": (
        lambda own: nn.Linear(4, 3),
        r"expected a state_dict, got a pickled object that needs torch\.nn\.modules\.linear\.Linear, which is not read",
    ),
    "a module of the code": (
        lambda own: sys.modules["ownnet"].Net(), r"a pickled object that needs ownnet\.Net, .*try: torch\.save\(model"
    ),
    "a function of the system": (lambda own: Calling(os.system, ("touch ran",)), r"that needs posix\.system, which"),
    "a function among weights": (lambda own: {**own, "x": Calling(os.mkdir, ("ran",))}, r"that needs posix\.mkdir"),
    "code as a text": (lambda own: Calling(eval, ("open('ran', 'w')",)), r"that needs eval, which"),
}  # fmt: skip


class Calling:
    """An object that calls a function where it is unpickled."""

    def __init__(self, function: Any, given: tuple[Any, ...]) -> None:
        self.call = function, given

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_rejected_in_one_line_and_nothing_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = ModuleType("ownnet")  # as where a module was trained
    exec(NET, vars(own))
    monkeypatch.setitem(sys.modules, "ownnet", own)
    change, expected = WRONG[name]
    weights, net = saved(tmp_path, change(trained().state_dict()))

    with pytest.raises(ModelUnavailableError, match=ONE_LINE) as error:
        load_predictor(weights, code=net)
    assert str(error.value).startswith(f"{weights}: ")
    error.match(expected)
    assert not (tmp_path / "ran").exists()


CODES: dict[str, tuple[str, str]] = {
    "none": ("import torch\n", r"a function build\(\) that .*, or one class of torch\.nn\.Module .*, got neither$"),
    "another file": ("x = 1\n", r"got neither$"),
    "imported classes": ("from torch.nn import Linear, Identity\n", r"got neither$"),
    "two": (NET + "class Other(nn.Module):\n    pass\n", r"got Net, Other; try: def build\(\): return Other\(\)$"),
    "arguments": (
        NET.replace("__init__(self)", "__init__(self, size)"),
        r"got Net\(size\); try: def build\(\): return Net\(\.\.\.\)$",
    ),
    "build with arguments": (
        NET + "def build(size, *, kind):\n    return Net()\n",
        r"called without arguments, build\(\), got build\(size, kind\)$",
    ),
    "build that is none": (NET + "build = 3\n", r"without arguments, build\(\), got an object of class int$"),
    "build of a class": (NET + "def build():\n    return Net\n", r"a torch\.nn\.Module, got the class Net itself$"),
    "build of something": (NET + "def build():\n    return 3\n", r"a torch\.nn\.Module, got an object of class int$"),
    "a module that raises": (
        NET.replace("super()", "raise KeyError('no such size')\n        super()"),
        r"expected Net\(\) to return a module, got KeyError: 'no such size'$",
    ),
    "a build that ends": (NET + "def build():\n    raise SystemExit(3)\n", r"to return a module, got SystemExit"),
    "code that raises": (NET + "1 / 0\n", r"ZeroDivisionError: division by zero$"),
    "no Python": ("class Net(:\n", r"got SyntaxError"),
    "a module without values": (
        NET + "def build():\n    return Net().to('meta')\n",
        r"expected a module that predicts on the CPU, got NotImplementedError: Cannot copy out of meta tensor",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CODES)
def test_code_without_one_module_is_an_error_of_one_line(name: str, tmp_path: Path) -> None:
    code, expected = CODES[name]
    weights, net = saved(tmp_path, trained().state_dict(), code)

    with pytest.raises(ModelUnavailableError, match=ONE_LINE) as error:
        load_predictor(weights, code=net)
    assert str(error.value).startswith(f"{net}: ")
    error.match(expected)


STATEFUL = (
    NET
    + """
    def get_extra_state(self):
        return {"unit": "mm"}

    def set_extra_state(self, state):
        CODE
"""
)
FAILING_STATES: dict[str, tuple[str, str]] = {
    "a missing key": ("self.unit = state['units']", r"got KeyError: 'units'$"),
    "a wrong type": ("self.unit = state + 1", r"got TypeError: unsupported operand"),
    "an own error": ("raise RuntimeError('unknown unit')", r"got RuntimeError: unknown unit$"),
    "an end": ("raise SystemExit(3)", r"got SystemExit: 3$"),
}


@pytest.mark.parametrize("name", FAILING_STATES)
def test_code_that_fails_while_weights_are_loaded_is_named(name: str, tmp_path: Path) -> None:
    statement, expected = FAILING_STATES[name]
    weights, net = saved(tmp_path, trained(STATEFUL).state_dict(), STATEFUL.replace("CODE", statement))

    with pytest.raises(ModelUnavailableError, match=ONE_LINE) as error:
        load_predictor(weights, code=net)
    assert str(error.value).startswith(f"{net}: expected a module that its weights can be loaded into, ")
    error.match(expected)


def test_a_module_has_its_extra_state_from_the_weights(tmp_path: Path) -> None:
    code = STATEFUL.replace("CODE", "self.offset = len(state['unit'])").replace("(x)", "(x) + self.offset")
    made = trained(code)
    weights, net = saved(tmp_path, made.state_dict(), code)
    made.offset = 2

    assert answers_of(load_predictor(weights, code=net), ROWS) == own_answers(made, ROWS)


def test_code_that_others_may_write_to_is_rejected(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict())
    net.chmod(0o666)

    assert "that only you may write to" in message(weights, net)


def rewritten(path: Path, change: Callable[[str, bytes], bytes | None], **added: bytes) -> None:
    """Write an archive again with its files changed, or without some."""
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(path, "w") as written:
        for name in archive.namelist():
            changed = change(name.partition("/")[2], archive.read(name))
            if changed is not None:
                written.writestr(name, changed)
        for name, each in added.items():
            written.writestr(f"weights/{name}", each)


def changed(member: str, to: bytes | None) -> Callable[[str, bytes], bytes | None]:
    return lambda name, content: to if name == member else content


DAMAGES: dict[str, Callable[[str, bytes], bytes | None]] = {
    "a short tensor": lambda name, content: content[:100] if name == "data/0" else content,
    "an empty tensor": changed("data/0", b""),
    "a missing tensor": changed("data/0", None),
    "another pickle": changed("data.pkl", pickle.dumps({"a": 1})),
    "an empty pickle": changed("data.pkl", b""),
    "half a pickle": lambda name, content: content[: len(content) // 2] if name == "data.pkl" else content,
    "no pickle": changed("data.pkl", b"\xff\xfe\x00"),
    "a longer tensor than the file has": lambda name, content: content.replace(b"K\x32", b"K\x7f"),
    "another order of bytes": changed("byteorder", b"big"),
    "a version that is none": changed("version", b"none"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_weights_are_an_error_of_one_line(name: str, tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict())
    rewritten(weights, DAMAGES[name])

    assert message(weights, net).startswith(f"{weights}: ")


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_weights_that_are_cut_off_are_an_error_of_one_line(keep: float, tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict())
    content = weights.read_bytes()
    weights.write_bytes(content[: int(keep * len(content))])

    assert message(weights, net).startswith(f"{weights}: ")


def test_bytes_that_were_changed_are_found(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict())
    content = bytearray(weights.read_bytes())
    with zipfile.ZipFile(weights) as archive:
        content[archive.getinfo("weights/data/0").header_offset + 200] ^= 1
    weights.write_bytes(content)

    assert "CRC" in message(weights, net)


def test_an_archive_that_unpacks_to_far_more_is_not_read(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict())
    with zipfile.ZipFile(weights, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("weights/data/99", bytes(80 * 2**20))

    assert "expected an archive that unpacks to 67,108,864 bytes at most" in message(weights, net)


def test_weights_of_an_old_pytorch_are_rejected(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict(), _use_new_zipfile_serialization=False)

    assert "expected what torch.save writes since PyTorch 1.6, got an older form" in message(weights, net)


def test_without_code_the_error_names_it(tmp_path: Path) -> None:
    weights, _ = saved(tmp_path, trained().state_dict())

    assert "got a file that torch.save wrote, which has no model without its code; try: --code FILE.py" in message(
        weights, None
    )


def test_a_fingerprint_covers_weights_code_and_what_that_imports(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict(), "import sizes\n" + NET)
    sizes = tmp_path / "sizes.py"
    sizes.write_text("SIZE = 1\n")
    sizes.chmod(0o600)

    def fingerprint() -> object:
        return load_predictor(weights, code=net).info.fingerprint

    found = [fingerprint(), fingerprint()]
    sizes.write_text("SIZE = 2\n")
    found.append(fingerprint())
    net.write_text("import sizes\n" + NET + "# changed\n")
    found.append(fingerprint())
    torch.save({name: tensor + 1 for name, tensor in trained().state_dict().items()}, weights)
    found.append(fingerprint())

    assert found[0] == found[1]
    assert len(set(found)) == 4


OFFSET = "import random\nimport numpy as np\n" + NET.replace("self.parts(x)", "self.parts(x) + self.offset")
DRAWS: dict[str, str] = {
    "in the class": OFFSET.replace("super().__init__()", "super().__init__(); self.offset = torch.rand(3)"),
    "at the top of the file": OFFSET.replace("class Net", "DRAWN = torch.rand(3)\nclass Net").replace(
        "self.offset", "DRAWN"
    ),
    "in another file": "from drawn import DRAWN\n" + OFFSET.replace("self.offset", "DRAWN"),
    "before it is built": OFFSET + "\nmade = Net()\nmade.offset = torch.rand(1)\ndef build():\n    return made\n",
    "by random": OFFSET + "\ndef build():\n    made = Net()\n    made.offset = random.random()\n    return made\n",
    "by numpy": OFFSET + "\ndef build():\n    made = Net()\n    made.offset = np.random.rand()\n    return made\n",
    "in the first call": OFFSET.replace("self.offset", "self.drawn()") + """
    def drawn(self):
        if not hasattr(self, "offset"):
            self.offset = torch.rand(3)
        return self.offset
""",
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWS)
def test_what_code_draws_at_random_is_the_same_in_each_load(name: str, tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict(), DRAWS[name])
    (tmp_path / "drawn.py").write_text("import torch\nDRAWN = torch.rand(3)\n")
    (tmp_path / "drawn.py").chmod(0o600)

    first = load_predictor(weights, code=net)
    drawn()  # as another program would have drawn before
    second = load_predictor(weights, code=net)

    assert first.info.fingerprint == second.info.fingerprint
    assert answers_of(first, ROWS) == answers_of(second, ROWS) != own_answers(trained(), ROWS)


def drawn() -> tuple[float, float, float]:
    """Return what this process draws next."""
    return float(torch.rand(1)), random.random(), float(np.random.rand())


def test_a_load_seeds_no_graphics_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights, net = saved(tmp_path, trained().state_dict())
    seeded: list[int] = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)

    load_predictor(weights, code=net)

    assert seeded == []


@pytest.mark.parametrize("code", [DRAWS["in the class"], "import torch\n1 / torch.zeros(1, dtype=int)[1]\n"])
def test_a_load_leaves_what_the_process_draws_next(code: str, tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict(), code)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()
    expected = drawn()
    torch.set_rng_state(before[0])
    random.setstate(before[1])
    np.random.set_state(before[2])

    with suppress(ModelUnavailableError):
        load_predictor(weights, code=net)

    assert drawn() == expected


def test_an_old_model_keeps_its_code_when_another_is_loaded(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict())
    first = load_predictor(weights, code=net)
    before = answers_of(first, ROWS)
    net.write_text(NET.replace("self.parts(x)", "self.parts(x) * 2"))
    second = load_predictor(weights, code=net)

    doubled = [{"prediction": [2 * value for value in each["prediction"]]} for each in before]
    assert (answers_of(first, ROWS), answers_of(second, ROWS)) == (before, doubled)


@pytest.mark.parametrize("model_isolation", ["process", "thread"])
def test_new_code_and_new_weights_answer_after_a_reload(model_isolation: str, tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict())
    line = (weights, "--code", net, "--cache", "lru", "--model-isolation", model_isolation)

    with served(*line, cwd=tmp_path) as running:

        def answer() -> Any:
            return running.post({"instances": ROWS[:1]}).json()["predictions"]

        assert answer() == own_answers(trained(), ROWS[:1])
        assert reload(running).json()["status"] == "unchanged"

        changed_code = NET.replace("self.parts(x)", "self.parts(x) * 2")
        net.write_text(changed_code)
        assert reload(running).json()["status"] == "reloaded"
        assert answer() == own_answers(trained(changed_code), ROWS[:1])

        torch.save(nn.Linear(4, 3).state_dict(), weights)
        assert reload(running).status_code == 503
        assert answer() == own_answers(trained(changed_code), ROWS[:1])


def test_inspect_names_the_format(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict())
    ended = run("inspect", weights, "--code", net)

    assert ended.returncode == 0, ended.stderr.decode()
    assert "PyTorch's weights, which runs the code of net.py when it is loaded" in ended.stdout.decode()

    document = json.loads(run("inspect", weights, "--code", net, "--json").stdout)
    assert document["format"] == {
        "name": "PyTorch's weights", "runs_code": True, "is_own_code": True, "code_file": "net.py"
    }  # fmt: skip


def test_rejected_weights_end_a_command_in_one_line(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, Calling(os.system, ("touch ran",)))
    ended = run("inspect", weights, "--code", net, cwd=tmp_path)

    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr.decode().count("\n") == 1
    assert "got a pickled object that needs posix.system" in ended.stderr.decode()
    assert not (tmp_path / "ran").exists()


def test_pytorch_computes_with_the_threads_of_the_settings(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict())
    predictor = load_predictor(weights, code=net, threads=2)
    predictor.predict(probe_batch(predictor.info.signature, 32))

    assert torch.get_num_threads() == 2


COUNTING = """
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x):
        return torch.full((len(x),), torch.get_num_threads())
"""


def test_each_model_of_a_process_computes_with_its_own_threads(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, {}, COUNTING)
    single, double = (load_predictor(weights, code=net, threads=threads) for threads in (1, 2))
    found = [answers_of(predictor, ROWS[:1]) for predictor in (single, double, single)]
    caller = threading.Thread(target=lambda: found.append(answers_of(single, ROWS[:1])))
    caller.start()
    caller.join()

    assert [each[0]["prediction"] for each in found] == [1, 2, 1, 1]
    assert single.info.fingerprint != double.info.fingerprint


MASKED = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 8, padding_idx=0)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.encoder(self.embed(x), src_key_padding_mask=x == 0).mean(1))
"""


def test_a_padded_row_of_a_transformer_is_answered_alike_beside_any_other(tmp_path: Path) -> None:
    sidecar = '[[features]]\nname = "x"\nshape = [6]\ndtype = "int64"\n'
    weights, net = saved(tmp_path, trained(MASKED).state_dict(), MASKED, sidecar)
    predictor = load_predictor(weights, code=net)
    at_its_end, at_its_begin = {"x": [3, 4, 5, 0, 0, 0]}, {"x": [0, 0, 7, 8, 9, 1]}

    alone = answers_of(predictor, [at_its_end])
    beside = answers_of(predictor, [at_its_end, at_its_begin])

    assert beside[0] == alone[0]


DOUBLE = NET.replace("class Net", "torch.set_default_dtype(torch.float64)\n\nclass Net")


def test_the_default_dtype_of_code_is_of_no_other_model(tmp_path: Path) -> None:
    for name in ("single", "double"):
        (tmp_path / name).mkdir()
    single, net = saved(tmp_path / "single", trained().state_dict())
    double = {
        name: each.double() if each.is_floating_point() else each for name, each in trained().state_dict().items()
    }
    sidecar = SIDECAR + 'dtype = "float64"\n'
    doubled, double_net = saved(tmp_path / "double", double, DOUBLE, sidecar)

    before = load_predictor(single, code=net)
    expected = answers_of(before, ROWS)
    found = answers_of(load_predictor(doubled, code=double_net), ROWS)
    after = load_predictor(single, code=net)

    assert torch.get_default_dtype() == torch.float32
    assert found != expected
    assert answers_of(after, ROWS) == answers_of(before, ROWS) == expected
    assert after.info.fingerprint == before.info.fingerprint


def test_a_default_dtype_of_the_process_changes_no_answer(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict())
    expected = answers_of(load_predictor(weights, code=net), ROWS)
    torch.set_default_dtype(torch.float64)
    try:
        assert answers_of(load_predictor(weights, code=net), ROWS) == expected
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("first", ["int64", "bool", "float64"])
def test_columns_of_different_dtypes_are_rejected(first: str, tmp_path: Path) -> None:
    sidecar = "".join(
        f'[[features]]\nname = "{name}"\ndtype = "{dtype}"\n'
        for name, dtype in (("a", first), ("b", "float32"), ("c", "float32"), ("d", "float32"))
    )
    weights, net = saved(tmp_path, trained().state_dict(), sidecar=sidecar)

    assert f"expected features of one dtype, since they are the columns of one tensor, got {first} for 'a'" in message(
        weights, net
    )


LOADED = """
import sys
from pathlib import Path
from foreseen.adapters.predictor.load_predictor import load_predictor
print(load_predictor(Path(sys.argv[1]), code=Path(sys.argv[2])).info.fingerprint.hex())
"""


def test_a_process_that_used_pytorch_before_has_keys_of_its_own(tmp_path: Path) -> None:
    weights, net = saved(tmp_path, trained().state_dict())

    def fingerprint(before: str = "", **chosen: str) -> str:
        line = [sys.executable, "-c", before + LOADED, str(weights), str(net)]
        others = {name: value for name, value in os.environ.items() if name != "MKL_CBWR"}
        done = subprocess.run(line, env=others | chosen, capture_output=True, text=True, check=True, timeout=COMMAND_S)
        return done.stdout

    used_before = "import torch\ntorch.ones(50, 50) @ torch.ones(50, 50)\n"

    fresh = fingerprint()

    assert fingerprint(used_before) != fresh
    assert fingerprint() == fresh  # what is kept beside the model is not that of the other process
    assert fingerprint(used_before, MKL_CBWR="AVX2,STRICT") == fresh
