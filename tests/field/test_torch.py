"""Programs that torch.export.save wrote answer as the model that was exported, and no code of their file runs."""

import json
import pickle
import threading
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.networks.torch_threads import have_same_bits_everywhere
from foreseen.domain.errors import InvalidBatchError, ModelUnavailableError, PredictionError
from foreseen.domain.values.probe import probe_batch
from support.processes import run
from support.same_everywhere import answers_of, answers_of_file, answers_of_http

have_same_bits_everywhere()  # before PyTorch computes anything in this process
torch: Any = pytest.importorskip("torch", reason="600 MB: make test-formats installs it")
nn: Any = torch.nn

ROWS = [{"x": [place / 7, -1.5, 0.25 * place, 3.0]} for place in range(40)]
ONE_LINE = r"^[^\n]*expected [^\n]*$"


def network(forward: Callable[..., Any], **parts: Any) -> Any:
    """Return a module with these parts, ready to predict."""
    made = type("Network", (nn.Module,), {"forward": forward})()
    for name, part in parts.items():
        setattr(made, name, part)
    return made.eval()


def dense() -> Any:
    """Return a network of 4 numbers to 3."""
    torch.manual_seed(0)
    parts = nn.Sequential(nn.Linear(4, 50), nn.ReLU(), nn.Dropout(0.5), nn.Linear(50, 3))
    return network(lambda self, x: self.parts(x), parts=parts)


def exported(model: Any, path: Path, *given: Any, rows: Any = "any", **named: Any) -> Path:
    """Export a model and save it; with any number of rows, or with as many as the examples have."""
    any_rows = torch.export.Dim("rows") if rows == "any" else rows
    shapes = None if rows == "fixed" else ([{0: any_rows}] * len(given), {name: {0: any_rows} for name in named})
    flat = None if shapes is None else {**dict(zip(_names(model), shapes[0], strict=False)), **shapes[1]}
    torch.export.save(torch.export.export(model, given, named, dynamic_shapes=flat), path)
    path.chmod(0o600)
    return path


def _names(model: Any) -> list[str]:
    code = type(model).forward.__code__
    return list(code.co_varnames[1 : code.co_argcount])


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dense network, exported."""
    return exported(dense(), tmp_path_factory.mktemp("torch") / "model.pt2", torch.zeros(2, 4))


@pytest.fixture
def model(saved: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return rewritten(saved, tmp_path / "model.pt2", {})


def rewritten(source: Path, path: Path, changes: dict[str, Callable[[bytes], bytes]], **added: bytes) -> Path:
    """Write an archive again with some of its files changed, and others added under its folder."""
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(path, "w") as written:
        for name in archive.namelist():
            change = changes.get(name.partition("/")[2])
            content = archive.read(name)
            written.writestr(name, content if change is None else change(content))
        for name, content in added.items():
            written.writestr(f"model/{name}", content)
    path.chmod(0o600)
    return path


def graph(change: Callable[[dict[str, Any]], object]) -> dict[str, Callable[[bytes], bytes]]:
    """Return a change of the program's JSON."""

    def changed(content: bytes) -> bytes:
        document = json.loads(content)
        change(document)
        return json.dumps(document).encode()

    return {"models/model.json": changed}


def own_answers(module: Any, rows: list[dict[str, Any]]) -> list[Any]:
    """Return what a module answers by itself to so many rows that they fill calls of 32."""
    matrix = torch.tensor([row["x"] for row in rows] + [rows[-1]["x"]] * (-len(rows) % 32))
    with torch.inference_mode():
        parts = [module(part) for part in matrix.split(32)]
    return [{"prediction": row} for row in torch.cat(parts)[: len(rows)].tolist()]


def test_a_program_answers_with_the_bits_of_its_module(model: Path) -> None:
    predictor = load_predictor(model)

    assert answers_of(predictor, ROWS) == own_answers(dense(), ROWS)
    assert [answers_of(predictor, [row])[0] for row in ROWS[:3]] == answers_of(predictor, ROWS)[:3]


def test_every_entrypoint_returns_the_same_bits(model: Path) -> None:
    expected = own_answers(dense(), ROWS)

    assert answers_of_http(model, ROWS) == expected
    assert answers_of_file(model, ROWS) == expected


def test_inputs_are_those_of_the_program(model: Path) -> None:
    info = load_predictor(model).info

    assert [(each.name, each.dtype, each.shape) for each in info.signature.features] == [("x", "float32", (4,))]
    assert (info.call_size.fixed, info.model_input.takes) == (32, "tensors")
    assert (info.loaded_from.name, info.loaded_from.runs_code) == ("torch.export", False)


def test_a_fingerprint_depends_on_pytorch_and_not_on_scikit_learn(model: Path) -> None:
    assert set(load_predictor(model).info.versions) == {"python", "numpy", "torch"}


@pytest.mark.parametrize("rows", [1, 5])
def test_a_program_of_a_fixed_number_of_rows_is_called_with_as_many(rows: int, tmp_path: Path) -> None:
    path = exported(dense(), tmp_path / "model.pt2", torch.zeros(rows, 4), rows="fixed")
    predictor = load_predictor(path)
    matrix = torch.tensor([row["x"] for row in ROWS])
    with torch.inference_mode():
        expected = torch.cat([dense()(part) for part in matrix.split(rows)]).tolist()

    assert predictor.info.call_size.fixed == rows
    assert answers_of(predictor, ROWS) == [{"prediction": row} for row in expected]


def test_a_program_of_few_rows_at_most_is_called_with_as_many(tmp_path: Path) -> None:
    path = exported(dense(), tmp_path / "model.pt2", torch.zeros(3, 4), rows=torch.export.Dim("rows", max=16))

    assert load_predictor(path).info.call_size.fixed == 16


def test_a_table_has_a_column_for_each_value_of_the_only_input(model: Path) -> None:
    model.with_suffix(".toml").write_text("".join(f'[[features]]\nname = "{name}"\n' for name in "abcd"))
    rows = [dict(zip("abcd", row["x"], strict=True)) for row in ROWS]
    by_sidecar, by_names = load_predictor(model), load_predictor(model, features=list("abcd"))

    assert by_sidecar.info.signature == by_names.info.signature
    assert answers_of(by_sidecar, rows) == answers_of(by_names, rows) == own_answers(dense(), ROWS)


def test_the_only_input_is_renamed_by_the_operator(model: Path) -> None:
    predictor = load_predictor(model, features=["measurements"])

    assert answers_of(predictor, [{"measurements": ROWS[0]["x"]}]) == own_answers(dense(), ROWS)[:1]


def test_several_inputs_and_outputs_have_names(tmp_path: Path) -> None:
    def forward(self: Any, amount: Any, *, kind: Any) -> dict[str, Any]:
        return {"score": self.last(torch.cat([amount, self.kinds(kind)], 1)), "parts": [amount.sum(1), kind > 1]}

    torch.manual_seed(0)
    made = network(forward, kinds=nn.Embedding(9, 3), last=nn.Linear(5, 1))
    path = exported(made, tmp_path / "model.pt2", torch.zeros(2, 2), kind=torch.tensor([1, 2]))
    predictor = load_predictor(path)

    found = answers_of(predictor, [{"amount": [0.5, 2.0], "kind": 3}])[0]["prediction"]

    assert [(each.name, each.dtype, each.shape) for each in predictor.info.signature.features] == [
        ("amount", "float32", (2,)),
        ("kind", "int64", ()),
    ]
    assert {name: found[name] for name in ("parts.0", "parts.1")} == {"parts.0": 2.5, "parts.1": True}
    assert found["score"] == pytest.approx(made(torch.tensor([[0.5, 2.0]]), kind=torch.tensor([3]))["score"].item())
    with pytest.raises(InvalidBatchError, match="index out of range"):  # an embedding of nine kinds
        answers_of(predictor, [{"amount": [0.5, 2.0], "kind": 9}])


LAYERS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "convolutions": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Softmax(1)
        ),
        (3, 9, 9),
    ),
    "attention": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1), (5, 8),
    ),
    "half precision": (lambda: nn.Linear(4, 2).to(torch.bfloat16), (4,)),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_every_kind_answer_as_their_module(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    make, shape = LAYERS[name]
    made = make().eval()
    dtype = next(made.parameters()).dtype
    program = torch.export.export(
        made, (torch.zeros(3, *shape, dtype=dtype),), dynamic_shapes=({0: torch.export.Dim("n")},)
    )
    torch.export.save(program, tmp_path / "model.pt2")
    (tmp_path / "model.pt2").chmod(0o600)
    predictor = load_predictor(tmp_path / "model.pt2")
    batch = probe_batch(predictor.info.signature, 32)
    with torch.inference_mode():
        expected = program.module()(torch.from_numpy(np.array(batch.columns[0])).to(dtype)).float()

    assert [json.loads(body)["prediction"] for body in predictor.predict(batch).encode().bodies] == expected.tolist()


@pytest.mark.parametrize("threads", [1, 2])
def test_pytorch_computes_with_the_threads_of_the_settings(threads: int, model: Path) -> None:
    predictor = load_predictor(model, threads=threads)
    found: list[int] = []

    def call() -> None:
        predictor.predict(probe_batch(predictor.info.signature, 32))
        found.append(torch.get_num_threads())

    caller = threading.Thread(target=call)
    caller.start()
    caller.join()

    assert found == [threads]


def test_another_model_with_other_threads_changes_those_of_none(model: Path) -> None:
    single, double = load_predictor(model, threads=1), load_predictor(model, threads=2)
    found = []
    for predictor in (single, double, single):
        predictor.predict(probe_batch(predictor.info.signature, 32))
        found.append(torch.get_num_threads())

    assert found == [1, 2, 1]


def scripted(folder: Path, sidecar: str = "", model: Any = None) -> Path:
    """Save a network, the dense one unless it is given, as TorchScript."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made = torch.jit.trace(dense(), torch.zeros(2, 4)) if model is None else torch.jit.script(model)
        made.save(folder / "model.pt")
    (folder / "model.pt").chmod(0o600)
    if sidecar:
        (folder / "model.toml").write_text(sidecar)
    return folder / "model.pt"


@pytest.mark.parametrize("sidecar", ['[[features]]\nname = "x"\nshape = [4]\n', ""])
def test_torch_script_takes_what_the_sidecar_declares(sidecar: str, tmp_path: Path) -> None:
    path = scripted(tmp_path, sidecar)
    predictor = load_predictor(path, features=None if sidecar else list("abcd"))
    rows = ROWS if sidecar else [dict(zip("abcd", row["x"], strict=True)) for row in ROWS]

    assert answers_of(predictor, rows) == own_answers(dense(), ROWS)
    assert predictor.info.loaded_from.runs_code


def test_torch_script_without_a_sidecar_is_an_error_that_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"a sidecar .*\[\[features\]\] with name, dtype"):
        load_predictor(scripted(tmp_path))


OF_ROWS = '[[features]]\nname = "x"\nshape = [4]\ndtype = "{}"\n'


@pytest.mark.parametrize("rows", [1, 9])
def test_a_value_that_torch_script_rejects_is_named_without_its_code(rows: int, tmp_path: Path) -> None:
    path = scripted(tmp_path, OF_ROWS.format("int64"), nn.Sequential(nn.Embedding(9, 3), nn.Flatten()).eval())
    predictor = load_predictor(path)

    with pytest.raises(
        PredictionError, match=r"^the model failed in predict: RuntimeError: index out of range in self$"
    ):
        answers_of(predictor, [{"x": [1, 2, 3, 9]}] * rows)


def test_a_network_that_fails_on_every_row_is_asked_for_an_example(tmp_path: Path) -> None:
    path = scripted(tmp_path, OF_ROWS.format("int64"), nn.Embedding(1, 3).eval())

    with pytest.raises(ModelUnavailableError, match=ONE_LINE) as error:
        load_predictor(path)
    error.match(
        r"expected the model to answer made-up instances, but it fails whatever it is given: .*: index out of range in "
        r"self; describe its input in a sidecar \(dtype and example of each feature\)$"
    )

    path.with_suffix(".toml").write_text(OF_ROWS.format("int64") + "example = [0, 0, 0, 0]\n")
    assert len(answers_of(load_predictor(path), [{"x": [0, 0, 0, 0]}])) == 1


@pytest.mark.parametrize("saving", ["weights", "module", "legacy"])
def test_weights_alone_are_no_model(saving: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    content = nn.Linear(2, 1) if saving == "module" else dense().state_dict()
    torch.save(content, path, _use_new_zipfile_serialization=saving != "legacy")
    path.chmod(0o600)

    with pytest.raises(ModelUnavailableError, match=r"got a file that torch.save wrote.*try: .*torch\.export\.save"):
        load_predictor(path)


class Marked:
    """An object that leaves a marker where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def pickled_weight(marker: Path) -> dict[str, Callable[[bytes], bytes]]:
    """Return a change by which a weight is a pickle, as those of tensors' own classes are."""

    def marked(content: bytes) -> bytes:
        document = json.loads(content)
        next(iter(document["config"].values()))["use_pickle"] = True
        return json.dumps(document).encode()

    return {
        "data/weights/model_weights_config.json": marked,
        "data/weights/weight_0": lambda _: pickle.dumps(Marked(marker)),
    }


def constant(path_name: str, marker: Path) -> dict[str, Callable[[bytes], bytes]]:
    """Return a change by which the program has an object beside its weights."""
    meta = {"path_name": path_name, "is_param": False, "use_pickle": True, "tensor_meta": None}
    return {"data/constants/model_constants_config.json": lambda _: json.dumps({"config": {"c": meta}}).encode()}


def of_first_node(**changed: Any) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["graph_module"]["graph"]["nodes"][0].update(changed)


def calling(marker: Path) -> dict[str, Any]:
    arg = {"name": "", "arg": {"as_string": f"touch {marker}"}, "kind": 1}
    return {"target": "torch.serialization.os.system", "inputs": [arg]}


def placed(document: dict[str, Any], text: str) -> None:
    """Put a text in place of the size of the input."""
    document["graph_module"]["graph"]["tensor_values"]["x"]["sizes"][0]["as_expr"]["expr_str"] = text


def tree(document: dict[str, Any], spec: Any) -> None:
    document["graph_module"]["module_call_graph"][0]["signature"]["out_spec"] = json.dumps([1, spec])


def renamed(document: dict[str, Any], name: str) -> None:
    """Call the input by another name, everywhere."""
    text = json.dumps(document).replace('"x"', json.dumps(name))
    document.clear()
    document.update(json.loads(text))


HOSTILE: dict[str, Callable[[Path], dict[str, Callable[[bytes], bytes]]]] = {
    "a pickled weight": pickled_weight,
    "an object of an own class": lambda marker: constant("opaque_obj_0", marker),
    "an object of TorchBind": lambda marker: constant("custom_obj_0", marker),
    "a pickled constant": lambda marker: constant("tensor_0", marker),
    "a function of the system": lambda marker: graph(of_first_node(**calling(marker))),
    "a function of Python": lambda marker: graph(of_first_node(target="_operator.call")),
    "an operator that writes files": lambda marker: graph(of_first_node(target="torch.ops.aten.from_file.default")),
    "an operator of another library": lambda marker: graph(of_first_node(target="torch.ops.mine.run.default")),
    "a handler": lambda marker: graph(of_first_node(target="#mine:run")),
    "a size that is code": lambda marker: graph(
        lambda document: placed(document, f"__import__('pathlib').Path('{marker}').touch()")
    ),
    "a size with an attribute": lambda marker: graph(lambda document: placed(document, "Integer(1).func(2)")),
    "a size that takes all memory": lambda marker: graph(lambda document: placed(document, "9**9**9**9")),
    "a guard that is code": lambda marker: graph(
        lambda document: document.update(guards_code=[f"__import__('pathlib').Path('{marker}').touch() is None"])
    ),
    "a guard that ends the line": lambda marker: graph(
        lambda document: document.update(guards_code=[f"1)\n  open('{marker}', 'w')\n  (1"])
    ),
    "a tree that imports": lambda marker: graph(
        lambda document: tree(document, {"type": "collections.defaultdict", "context": {}, "children_spec": []})
    ),
    "an enum that imports": lambda marker: graph(
        lambda document: tree(
            document,
            {"type": "builtins.dict", "context": '[{"__enum__": true, "fqn": "this:x", "name": "a"}]',
             "children_spec": [{"type": None, "context": None, "children_spec": []}]},
        )
    ),
    "a name that is code": lambda marker: graph(
        lambda document: renamed(document, f"x=open('{marker}', 'w')")
    ),
    "a custom class": lambda marker: graph(
        lambda document: document["graph_module"]["graph"].update(
            custom_obj_values={"c": {"name": "c", "class_fqn": "__torch__.torch.classes.mine.Run"}}
        )
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_program_is_rejected_and_nothing_runs(name: str, model: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    path = rewritten(model, tmp_path / "hostile.pt2", HOSTILE[name](marker))

    with pytest.raises(ModelUnavailableError, match=ONE_LINE):
        load_predictor(path)
    assert not marker.exists()


def test_pytorch_itself_runs_what_is_rejected_here(model: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    path = rewritten(model, tmp_path / "hostile.pt2", HOSTILE["a size that is code"](marker))

    with pytest.raises(Exception, match=r"."):
        torch.export.load(path)
    assert marker.exists()


def test_examples_in_a_program_are_not_unpickled(model: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    change = {"data/sample_inputs/model.pt": lambda _: pickle.dumps(Marked(marker))}
    path = rewritten(model, tmp_path / "hostile.pt2", change)

    assert answers_of(load_predictor(path), ROWS) == own_answers(dense(), ROWS)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("data/aotinductor/model/model.so", "expected a graph, got a compiled library"),
        ("models/other.json", "expected one program in the archive"),
        ("../../outside/x", "expected"),
    ],
)
def test_a_program_with_other_files_is_rejected(member: str, expected: str, model: Path, tmp_path: Path) -> None:
    path = rewritten(model, tmp_path / "hostile.pt2", {}, **{member: b"{}"})

    if member.startswith(".."):  # it is never written anywhere
        assert answers_of(load_predictor(path), ROWS[:1]) == own_answers(dense(), ROWS)[:1]
        assert not (tmp_path.parent / "outside").exists()
        return
    with pytest.raises(ModelUnavailableError, match=expected):
        load_predictor(path)


DAMAGES: dict[str, dict[str, Callable[[bytes], bytes]]] = {
    "no JSON": {"models/model.json": lambda _: b"{"},
    "another document": {"models/model.json": lambda _: b"[]"},
    "deep JSON": {"models/model.json": lambda _: b'{"graph_module":' * 100_000},
    "no text": {"models/model.json": lambda _: b"\xff\xfe\x00"},
    "no nodes": graph(lambda document: document["graph_module"]["graph"].pop("nodes")),
    "a node without a target": graph(lambda document: document["graph_module"]["graph"]["nodes"][0].pop("target")),
    "an unknown operator": graph(of_first_node(target="torch.ops.aten.nothing.default")),
    "no inputs": graph(lambda document: document["graph_module"]["signature"].update(input_specs=[])),
    "a short weight": {"data/weights/weight_0": lambda content: content[:100]},
    "an empty weight": {"data/weights/weight_0": lambda _: b""},
    "another version": {"archive_version": lambda _: b"9"},
    "no version": {"archive_version": lambda _: b"none"},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_program_is_an_error_of_one_line(damage: str, model: Path, tmp_path: Path) -> None:
    path = rewritten(model, tmp_path / "damaged.pt2", DAMAGES[damage])

    with pytest.raises(ModelUnavailableError, match=ONE_LINE) as error:
        load_predictor(path)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_a_program_that_is_cut_off_is_an_error_of_one_line(keep: float, model: Path) -> None:
    content = model.read_bytes()
    model.write_bytes(content[: int(keep * len(content))])

    with pytest.raises(ModelUnavailableError, match=ONE_LINE):
        load_predictor(model)


def test_bytes_that_were_changed_are_found(model: Path) -> None:
    content = bytearray(model.read_bytes())
    with zipfile.ZipFile(model) as archive:
        content[archive.getinfo("model/data/weights/weight_0").header_offset + 200] ^= 1
    model.write_bytes(content)

    with pytest.raises(ModelUnavailableError, match="CRC"):
        load_predictor(model)


def test_an_archive_that_unpacks_to_far_more_is_not_read(model: Path) -> None:
    with zipfile.ZipFile(model, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/extra/zeros", bytes(80 * 2**20))

    with pytest.raises(ModelUnavailableError, match="expected an archive that unpacks to 67,108,864 bytes at most"):
        load_predictor(model)


def in_training(document: dict[str, Any]) -> None:
    for node in document["graph_module"]["graph"]["nodes"]:
        for given in node["inputs"]:
            if given["name"] == "train":
                given["arg"]["as_bool"] = True


def test_a_program_that_was_exported_in_training_is_rejected(model: Path, tmp_path: Path) -> None:
    path = rewritten(model, tmp_path / "training.pt2", graph(in_training))

    with pytest.raises(ModelUnavailableError, match=r"got dropout in training; try: model\.eval\(\)"):
        load_predictor(path)


def test_a_program_whose_calls_change_it_is_rejected(tmp_path: Path) -> None:
    made = network(lambda self, x: x + self.calls.add_(1))
    made.register_buffer("calls", torch.zeros(4))

    with pytest.raises(ModelUnavailableError, match=r"a model that no call changes, got torch\.ops\.aten\.add_"):
        load_predictor(exported(made, tmp_path / "model.pt2", torch.zeros(2, 4)))


def test_a_program_that_was_exported_before_evaluation_is_rejected(tmp_path: Path) -> None:
    made = nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2)).train()
    torch.export.save(torch.export.export(made, (torch.zeros(3, 4),)), tmp_path / "model.pt2")
    (tmp_path / "model.pt2").chmod(0o600)

    with pytest.raises(ModelUnavailableError, match=r"got batch_norm in training; try: model\.eval\(\)"):
        load_predictor(tmp_path / "model.pt2")


@pytest.mark.parametrize(
    ("given", "shapes", "expected"),
    [
        ((torch.zeros(3, 5),), ({0: torch.export.Dim("n"), 1: torch.export.Dim("m")},), "to have one size, apart from"),
        ((torch.zeros(3, 5), 2), ({0: torch.export.Dim("n")}, None), "got the constant 'y'"),
        ((torch.zeros(3), torch.zeros(4)), None, "expected as many rows in each input, got 3 and 4"),
        ((torch.zeros(()),), None, "to be the number of rows, got none"),
    ],
)
def test_inputs_that_cannot_be_served_are_named(given: Any, shapes: Any, expected: str, tmp_path: Path) -> None:
    made = network((lambda self, x, y: x + 1) if len(given) == 2 else (lambda self, x: x + 1))
    torch.export.save(torch.export.export(made, given, dynamic_shapes=shapes), tmp_path / "model.pt2")
    (tmp_path / "model.pt2").chmod(0o600)

    with pytest.raises(ModelUnavailableError, match=expected):
        load_predictor(tmp_path / "model.pt2")


def test_inspect_names_the_format(model: Path) -> None:
    ended = run("inspect", model)

    assert ended.returncode == 0, ended.stderr.decode()
    assert "torch.export, which runs no code of its file" in ended.stdout.decode()


def test_a_rejected_program_ends_a_command_in_one_line(model: Path, tmp_path: Path) -> None:
    path = rewritten(model, tmp_path / "hostile.pt2", HOSTILE["a pickled weight"](tmp_path / "marker"))
    ended = run("inspect", path)

    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr.decode().count("\n") == 1
    assert "got a pickled object, which may run code" in ended.stderr.decode()
