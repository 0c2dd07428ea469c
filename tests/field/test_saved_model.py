"""SavedModels of TensorFlow answer as TensorFlow does, and nothing of their graph runs but what computes."""

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.networks.saved_models.saved_model import WEIGHTS
from foreseen.domain.errors import InvalidBatchError, ModelUnavailableError
from support.processes import run
from support.same_everywhere import answers_of, answers_of_file, answers_of_http
from support.time_limits import COMMAND_S

with pytest.MonkeyPatch.context() as while_imported:  # TensorFlow's own answers are those of the same kernels
    while_imported.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    while_imported.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    tf: Any = pytest.importorskip("tensorflow", reason="1.5 GB: make test-formats installs it")

tf.config.threading.set_intra_op_parallelism_threads(1)  # of TensorFlow's own calls, beside which others are shown

ROWS = [{"x": [place / 7, -1.5, 0.25 * place, 3.0]} for place in range(40)]
ONE_LINE = r"^[^\n]*expected [^\n]*$"


def saved(folder: Path, call: Callable[..., Any], *inputs: Any, **parts: Any) -> Path:
    """Save a module whose call is a function of it and of inputs of these specifications."""
    module = tf.Module()
    for name, part in parts.items():
        setattr(module, name, part)
    module.call = tf.function(lambda *given: call(module, *given), input_signature=inputs)
    tf.saved_model.save(module, folder, signatures={"serving_default": module.call})
    return private(folder)


def private(folder: Path) -> Path:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return folder


def spec(name: str, *shape: int | None, dtype: str = "float32") -> Any:
    return tf.TensorSpec(shape, dtype, name=name)


def weights(*shape: int) -> Any:
    return tf.Variable(np.random.default_rng(len(shape) + sum(shape)).normal(size=shape).astype("float32"))


def dense(module: Any, x: Any) -> Any:
    """Compute 4 numbers to 3."""
    return {"scores": tf.nn.softmax(tf.nn.relu(x @ module.first) @ module.last)}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models: saving one takes a second."""
    folder = tmp_path_factory.mktemp("models")
    saved(folder / "dense", dense, spec("x", None, 4), first=weights(4, 50), last=weights(50, 3))
    saved(folder / "fixed", dense, spec("x", 5, 4), first=weights(4, 50), last=weights(50, 3))
    (folder / "colours.txt").write_text("red\ngreen\nblue\n")
    file = tf.lookup.TextFileInitializer(
        str(folder / "colours.txt"),
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    saved(
        folder / "texts",
        lambda module, colour, amount: {
            "price": tf.gather(module.prices, module.table.lookup(colour)) * amount[:, 0],
            "name": tf.strings.upper(colour),
        },
        spec("colour", None, dtype="string"),
        spec("amount", None, 1),
        table=tf.lookup.StaticVocabularyTable(file, 1),
        prices=tf.Variable([1.0, 2.0, 3.0, 4.0]),
    )
    return folder


@pytest.fixture
def model(models: Path, tmp_path: Path) -> Path:
    """A copy of the dense network."""
    return copied(models / "dense", tmp_path / "model")


def copied(source: Path, folder: Path) -> Path:
    shutil.copytree(source, folder)
    return private(folder)


def own_answers(folder: Path, rows: list[dict[str, Any]], size: int = 32) -> list[Any]:
    """Return what TensorFlow itself answers to so many rows that they fill its calls."""
    call = tf.saved_model.load(str(folder)).signatures["serving_default"]
    matrix = np.array([row["x"] for row in rows] + [rows[-1]["x"]] * (-len(rows) % size), dtype="float32")
    parts = [call(x=tf.constant(part))["scores"].numpy() for part in np.split(matrix, len(matrix) // size)]
    return [{"prediction": row} for row in np.concatenate(parts)[: len(rows)].tolist()]


def test_a_model_answers_with_the_bits_of_tensorflow(model: Path) -> None:
    predictor = load_predictor(model)

    assert answers_of(predictor, ROWS) == own_answers(model, ROWS)
    assert [answers_of(predictor, [row])[0] for row in ROWS[:3]] == answers_of(predictor, ROWS)[:3]
    assert answers_of(predictor, ROWS[::-1]) == answers_of(predictor, ROWS)[::-1]


def test_every_entrypoint_returns_the_same_bits(model: Path) -> None:
    expected = answers_of(load_predictor(model), ROWS)

    assert answers_of_http(model, ROWS) == expected
    assert answers_of_file(model, ROWS) == expected


def test_inputs_and_libraries_are_those_of_the_model(model: Path) -> None:
    info = load_predictor(model).info

    assert [(each.name, each.dtype, each.shape) for each in info.signature.features] == [("x", "float32", (4,))]
    assert (info.call_size.fixed, info.model_input.takes) == (32, "tensors")
    assert {name.replace("_", "-").partition("-")[0] for name in info.versions} == {"python", "tensorflow"}
    assert (info.loaded_from.name, info.loaded_from.runs_code) == ("SavedModel", False)


def test_a_table_has_a_column_for_each_value_of_the_only_input(model: Path) -> None:
    rows = [dict(zip("abcd", row["x"], strict=True)) for row in ROWS]

    assert answers_of(load_predictor(model, features=list("abcd")), rows) == own_answers(model, ROWS)


def test_a_model_of_a_fixed_number_of_rows_is_called_with_as_many(models: Path) -> None:
    predictor = load_predictor(models / "fixed")

    assert predictor.info.call_size.fixed == 5
    assert answers_of(predictor, ROWS) == own_answers(models / "fixed", ROWS, 5)


def test_texts_and_several_inputs_and_outputs_have_names(models: Path) -> None:
    predictor = load_predictor(models / "texts")
    rows = [{"amount": 2.0, "colour": "green"}, {"amount": 1.0, "colour": "pink"}, {"amount": 3.0, "colour": "blue"}]

    assert [(each.name, each.dtype, each.shape) for each in predictor.info.signature.features] == [
        ("amount", "float32", ()),
        ("colour", "string", ()),
    ]
    assert answers_of(predictor, rows) == [
        {"prediction": {"name": "GREEN", "price": 4.0}},
        {"prediction": {"name": "PINK", "price": 4.0}},
        {"prediction": {"name": "BLUE", "price": 9.0}},
    ]


def test_outputs_are_chosen_by_their_names(models: Path) -> None:
    predictor = load_predictor(models / "texts", outputs=["price", "name"])
    alone = load_predictor(models / "dense", outputs=["scores"])

    assert answers_of(predictor, [{"amount": 2.0, "colour": "green"}]) == [{"price": 4.0, "name": "GREEN"}]
    assert [each["scores"] for each in answers_of(alone, ROWS)] == [
        each["prediction"] for each in answers_of(load_predictor(models / "dense"), ROWS)
    ]


def test_texts_are_the_same_everywhere(models: Path, tmp_path: Path) -> None:
    folder = copied(models / "texts", tmp_path / "model")
    rows = [{"amount": place / 3, "colour": colour} for place, colour in enumerate(["red", "blue", "grün", ""] * 9)]
    expected = answers_of(load_predictor(folder), rows)

    assert answers_of_http(folder, rows) == expected
    assert answers_of_file(folder, rows) == expected


KERAS = """
import sys, keras, tensorflow
keras.utils.set_random_seed(0)
flower = keras.Input((4,), name="flower")
hidden = keras.layers.Dropout(0.5)(keras.layers.BatchNormalization()(keras.layers.Dense(50, "relu")(flower)))
model = keras.Model(flower, keras.layers.Dense(3, "softmax")(hidden))
model.export(sys.argv[1] + "/numbers", verbose=False)
tensorflow.saved_model.save(model, sys.argv[1] + "/not exported")
turned = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.RandomFlip("horizontal"), keras.layers.Flatten()])
turned.export(sys.argv[1] + "/turned", verbose=False)
text = keras.Input((1,), name="text", dtype="string")
words = keras.layers.TextVectorization(vocabulary=["good", "bad"], output_sequence_length=4)(text)
mean = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(9, 3)(words))
keras.Model(text, keras.layers.Dense(1)(mean)).export(sys.argv[1] + "/texts", verbose=False)
"""


@pytest.fixture(scope="module")
def of_keras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models, saved in a process whose Keras computes by TensorFlow."""
    folder = tmp_path_factory.mktemp("keras")
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    command = [sys.executable, "-c", KERAS, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=COMMAND_S, check=False)
    assert done.returncode == 0, done.stderr
    return private(folder)


def test_what_keras_exports_answers(of_keras: Path) -> None:
    numbers, texts = (load_predictor(of_keras / name) for name in ("numbers", "texts"))

    for answer in answers_of(numbers, [{"flower": row["x"]} for row in ROWS]):
        assert sum(answer["prediction"]) == pytest.approx(1, abs=1e-6)
    good, bad, again = answers_of(texts, [{"text": "good"}, {"text": "bad"}, {"text": "Good!"}])
    assert good == again != bad


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("not exported", r"expected weights .*, got none for \d+: 'd\w+/\w+', …; try: model\.export\(path\) of Keras"),
        ("turned", r"expected a model that no call changes, got AssignVariableOp of '\S*random_flip\S*'; try: "),
    ],
)
def test_what_keras_saves_otherwise_is_an_error_of_one_line(of_keras: Path, name: str, said: str) -> None:
    with pytest.raises(ModelUnavailableError, match=ONE_LINE) as error:
        load_predictor(of_keras / name)
    error.match(said)


def in_mlflow_folder(model: Path, folder: Path) -> Path:
    """Copy a model into a folder as MLflow saves it."""
    copied(model, folder / "tf2model")
    flavor = {"saved_model_dir": "tf2model", "model_type": "tf2-module", "code": None}
    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": {"tensorflow": flavor}}))
    return private(folder)


def test_the_folder_of_mlflow_around_a_model_is_served(models: Path, tmp_path: Path) -> None:
    predictor = load_predictor(in_mlflow_folder(models / "dense", tmp_path / "run"))

    assert answers_of(predictor, ROWS) == own_answers(models / "dense", ROWS)
    assert predictor.info.loaded_from.name == "MLflow's folder, flavor tensorflow, SavedModel"


def test_a_length_that_the_model_leaves_open_is_declared(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", lambda _, x: {"sums": tf.reduce_sum(x, 1)}, spec("x", None, None))

    with pytest.raises(ModelUnavailableError, match=r"to have one size, .* got \[\?, \?\]; try: shape"):
        load_predictor(folder)
    folder.with_suffix(".toml").write_text('[[features]]\nname = "x"\nshape = [3]\n')

    assert answers_of(load_predictor(folder), [{"x": [1.0, 2.0, 3.0]}]) == [{"prediction": 6.0}]


def test_a_value_that_an_operator_rejects_is_the_fault_of_the_instance(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", lambda _, x: {"y": tf.gather([1.0, 2.0], x)}, spec("place", None, dtype="int32"))
    predictor = load_predictor(folder)

    assert answers_of(predictor, [{"place": 1}]) == [{"prediction": 2.0}]
    with pytest.raises(InvalidBatchError, match=r"indices.* is not in \[0, 2\)"):
        answers_of(predictor, [{"place": 7}])


def test_every_file_of_the_folder_is_part_of_the_fingerprint(models: Path, tmp_path: Path) -> None:
    folder = copied(models / "texts", tmp_path / "model")
    before = load_predictor(folder).info.fingerprint
    assert load_predictor(models / "texts").info.fingerprint == before

    (folder / "assets" / "colours.txt").write_text("green\nred\nblue\n")

    assert load_predictor(folder).info.fingerprint != before


WRITTEN: dict[str, tuple[Callable[[Path, Any, Any], Any], str]] = {
    "reads a file": (lambda path, module, x: (tf.io.read_file(str(path)), x)[1] + tf.cast(
        tf.strings.length(tf.io.read_file(str(path))), "float32"), "ReadFile"),
    "writes a file": (lambda path, module, x: [tf.io.write_file(str(path), "x"), x][1], "WriteFile"),
    "lists files": (lambda path, module, x: x + tf.cast(tf.size(tf.io.matching_files(str(path))), "float32"),
                    "MatchingFiles"),
    "calls Python": (lambda path, module, x: tf.py_function(lambda x: x, [x], "float32"), "EagerPyFunc"),
    "calls numpy": (lambda path, module, x: tf.numpy_function(lambda x: x, [x], "float32"), "PyFunc"),
    "prints": (lambda path, module, x: [tf.print(x, output_stream=f"file://{path}"), x][1], "PrintV2"),
    "maps a file": (lambda path, module, x: x + tf.raw_ops.ImmutableConst(
        dtype="float32", shape=[1], memory_region_name=str(path)), "ImmutableConst"),
    "ends the process": (lambda path, module, x: [tf.raw_ops.Abort(), x][1], "Abort"),
    "reads a dataset": (lambda path, module, x: x + tf.cast(
        tf.data.TextLineDataset(str(path)).reduce(np.int64(0), lambda total, _: total + 1), "float32"),
        "TensorSliceDataset|TextLineDataset|ReduceDataset"),
    "within a branch": (lambda path, module, x: tf.cond(
        tf.size(x) > 9, lambda: x, lambda: tf.strings.to_number(tf.io.read_file(str(path))) + x), "ReadFile"),
    "within a loop": (lambda path, module, x: tf.map_fn(
        lambda row: row + tf.strings.to_number(tf.io.read_file(str(path))), x), "ReadFile"),
    "changes itself": (lambda path, module, x: x + module.calls.assign_add(1.0), "AssignAddVariableOp"),
    "is random": (lambda path, module, x: x + tf.random.uniform([], seed=1), "RandomUniform"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRITTEN)
def test_a_graph_that_does_more_than_compute_is_rejected(what: str, tmp_path: Path) -> None:
    call, operator = WRITTEN[what]
    marker = tmp_path / "marker"
    folder = saved(
        tmp_path / "model",
        lambda module, x: {"y": call(marker, module, x)},
        spec("x", None, 4),
        calls=tf.Variable(0.0),
    )

    with pytest.raises(ModelUnavailableError, match=rf"^[^\n]*expected [^\n]*got ({operator}) of [^\n]*$"):
        load_predictor(folder)
    assert not marker.exists()


def changed(folder: Path, change: Callable[[Any], object]) -> Path:
    """Write the graph of a folder again with a change."""
    messages = __import__("tensorflow.core.protobuf.saved_model_pb2", fromlist=["SavedModel"])
    path = folder / "saved_model.pb"
    found = messages.SavedModel.FromString(path.read_bytes())
    change(found.meta_graphs[0])
    path.write_bytes(found.SerializeToString())
    return folder


def node(graph: Any, op: str, name: str = "", place: int = 0) -> Any:
    """Return one of the nodes that are of an operator, or begin with a name."""
    return [each for each in graph.graph_def.node if each.op == op and each.name.startswith(name)][place]


def function(graph: Any, part: str) -> Any:
    return next(each for each in graph.graph_def.library.function if part in each.signature.name)


def with_constant(graph: Any, text: str) -> str:
    """Add a constant text to the graph, and return its name."""
    added = graph.graph_def.node.add(op="Const", name="other_file")
    added.attr["dtype"].type = 7
    added.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(text))
    return "other_file"


def writing(graph: Any, marker: Path) -> str:
    """Add a node that writes a file, and return its name."""
    name = with_constant(graph, str(marker))
    graph.graph_def.node.add(op="WriteFile", name="write", input=[name, name])
    return "write"


def renamed(graph: Any, part: str, name: str) -> None:
    """Call a function of the graph by another name, there and where it is referred to."""
    found = function(graph, part).signature
    for each in graph.graph_def.node:
        if "f" in each.attr and each.attr["f"].func.name == found.name:
            each.attr["f"].func.name = name
    found.name = name


def initialised_by(graph: Any, name: str) -> None:
    graph.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"].name = name


def put_into(graph: Any, part: str, op: str) -> None:
    """Have a node of a function be of another operator."""
    function(graph, part).node_def[-1].op = op


def given_to(caller: Any, place: int, name: str) -> None:
    caller.input[place] = name


def restore_call(graph: Any) -> Any:
    """Return the node that calls the function which loads the weights."""
    return node(graph, "StatefulPartitionedCall", place=-1)


def from_elsewhere(graph: Any, place: Path, op: str = "RestoreV2") -> str:
    """Have the weights of another model be read, or its vocabulary, and return the node that reads it."""
    return with_constant(graph, str(place / "elsewhere" / ("colours.txt" if op != "RestoreV2" else WEIGHTS)))


def without_restore(graph: Any, place: Path) -> None:
    """Load another model's weights as if that were a table, by a name that only the saver would be given."""
    name = from_elsewhere(graph, place)
    restore_call(graph).input[0] = name
    initialised_by(graph, restore_call(graph).name)
    graph.saver_def.restore_op_name = ""
    graph.saver_def.filename_tensor_name = f"{name}:0"


def read_directly(graph: Any, place: Path) -> None:
    """Assign another model's weights to a variable, without a function."""
    file = from_elsewhere(graph, place)
    for name, text in {"names": "first/.ATTRIBUTES/VARIABLE_VALUE", "slices": ""}.items():
        graph.graph_def.node.add(op="Const", name=name).attr["dtype"].type = 7
        graph.graph_def.node[-1].attr["value"].tensor.CopyFrom(tf.make_tensor_proto([text]))
    read = graph.graph_def.node.add(op="RestoreV2", name="read", input=[file, "names", "slices"])
    read.attr["dtypes"].list.type.append(1)
    handle = next(each.name for each in graph.graph_def.node if each.op == "VarHandleOp")
    assign = graph.graph_def.node.add(op="AssignVariableOp", name="assign", input=[handle, "read"])
    assign.attr["dtype"].type = 1
    graph.graph_def.node.add(op="NoOp", name="all", input=["^assign", f"^{restore_call(graph).name}"])
    initialised_by(graph, "all")
    graph.saver_def.restore_op_name = ""
    graph.saver_def.filename_tensor_name = f"{file}:0"


OTHER_FILE = r"expected a graph that reads only the files of its folder, got another one in '{}' \({}\); try: "
HOSTILE: dict[str, tuple[str, Callable[[Any, Path], object], str]] = {
    "a file is written before": (
        "dense",
        lambda graph, place: initialised_by(graph, writing(graph, place / "marker")),
        "got WriteFile of .*; try: ",
    ),
    "a file is written by control": (
        "dense",
        lambda graph, place: node(graph, "NoOp").input.append(f"^{writing(graph, place / 'marker')}"),
        "got WriteFile of .*; try: ",
    ),
    "weights from another file": (
        "dense",
        lambda graph, place: given_to(restore_call(graph), 0, from_elsewhere(graph, place)),
        OTHER_FILE.format("StatefulPartitionedCall_2", "StatefulPartitionedCall"),
    ),
    "weights without an operation for them": (
        "dense", without_restore, OTHER_FILE.format("StatefulPartitionedCall_2", "StatefulPartitionedCall"),
    ),
    "weights without a function": ("dense", read_directly, OTHER_FILE.format("read", "RestoreV2")),
    "weights named in a function": (
        "dense", lambda graph, place: given_to(
            next(each for each in function(graph, "traced_restore").node_def if each.op == "RestoreV2"),
            0, "RestoreV2/tensor_names:output:0"),
        OTHER_FILE.format("RestoreV2", "RestoreV2"),
    ),
    "a vocabulary elsewhere": (
        "texts", lambda graph, place: given_to(
            node(graph, "StatefulPartitionedCall", "StatefulPartitionedCall_1"),
            0, from_elsewhere(graph, place, "InitializeTableFromTextFileV2")),
        OTHER_FILE.format("StatefulPartitionedCall_1", "StatefulPartitionedCall"),
    ),
    "an asset elsewhere": (
        "texts",
        lambda graph, place: setattr(graph.asset_file_def[0], "filename", "../../elsewhere/colours.txt"),
        r"expected the file 'assets/\.\./\.\./elsewhere/colours\.txt' in its folder, got no such file",
    ),
    "an asset by its path": (
        "texts",
        lambda graph, place: setattr(graph.asset_file_def[0], "filename", str(place / "elsewhere" / "colours.txt")),
        r"expected the file 'assets//.*' in its folder, got no such file",
    ),
    "an unknown operator": (
        "dense", lambda graph, place: put_into(graph, "signature_wrapper", "RunProgram"), "got RunProgram of .*; try: ",
    ),
    "an operator of another machine": (
        "dense", lambda graph, place: put_into(graph, "signature_wrapper", "Recv"), "got Recv of .*; try: ",
    ),
    "a function of an operator's name": (
        "dense",
        lambda graph, place: renamed(graph, "signature_wrapper", "Identity"),
        "expected functions with names of their own, got Identity$",
    ),
    "a missing function": (
        "dense",
        lambda graph, place: setattr(function(graph, "signature_wrapper").signature, "name", "other"),
        "expected the function '.*signature_wrapper.*' in the graph's library, got no such function$",
    ),
    "a missing node": (
        "dense",
        lambda graph, place: initialised_by(graph, "nothing"),
        "expected the node 'nothing' in the graph, got no such node$",
    ),
    "a node twice": (
        "dense",
        lambda graph, place: graph.graph_def.node.extend([graph.graph_def.node[0]]),
        "expected a graph whose nodes have different names$",
    ),
    "a function twice": (
        "dense",
        lambda graph, place: graph.graph_def.library.function.extend([graph.graph_def.library.function[0]]),
        "expected a graph whose functions have different names$",
    ),
    "no signature": (
        "dense",
        lambda graph, place: graph.signature_def.clear(),
        "expected the signature serving_default, got none; try: ",
    ),
    "a signature without inputs": (
        "dense",
        lambda graph, place: graph.signature_def["serving_default"].inputs.clear(),
        "expected a signature with inputs, got none$",
    ),
    "an output that is no tensor": (
        "dense",
        lambda graph, place: setattr(graph.signature_def["serving_default"].outputs["scores"], "name", "a/b:c"),
        "expected the node 'a/b' in the graph, got no such node$",
    ),
    "another tag": (
        "dense",
        lambda graph, place: graph.meta_info_def.tags.__setitem__(0, "train"),
        "expected a graph with the tag serve, got train$",
    ),
    "a huge tensor": (
        "dense",
        lambda graph, place: node(graph, "VarHandleOp").attr["shape"].shape.dim.add(size=2**60),
        "expected .*TensorFlow",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_graph_is_an_error_of_one_line(what: str, models: Path, tmp_path: Path) -> None:
    name, change, expected = HOSTILE[what]
    copied(models / name, tmp_path / "elsewhere")  # files that exist, and would be read if the check were not there
    shutil.copy(models / "colours.txt", tmp_path / "elsewhere")
    folder = changed(copied(models / name, tmp_path / "model"), lambda graph: change(graph, tmp_path))

    with pytest.raises(ModelUnavailableError, match=ONE_LINE) as error:
        load_predictor(folder)
    error.match(expected)
    assert not (tmp_path / "marker").exists()


class Marked:
    """An object that leaves a marker where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


INDEX, DATA = "variables/variables.index", "variables/variables.data-00000-of-00001"
DAMAGES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "an empty graph": ("saved_model.pb", lambda _: b""),
    "a graph that is cut off": ("saved_model.pb", lambda content: content[: len(content) // 2]),
    "a graph without its end": ("saved_model.pb", lambda content: content[:-1]),
    "a text": ("saved_model.pb", lambda _: b"no graph\n"),
    "an index that is cut off": (INDEX, lambda content: content[: len(content) // 2]),
    "an empty index": (INDEX, lambda _: b""),
    "weights that are cut off": (DATA, lambda content: content[:100]),
    "no weights": (DATA, lambda _: b""),
    "a changed weight": (DATA, lambda content: content[:40] + bytes([content[40] ^ 1]) + content[41:]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_is_an_error_of_one_line(damage: str, model: Path) -> None:
    name, change = DAMAGES[damage]
    (model / name).write_bytes(change((model / name).read_bytes()))

    with pytest.raises(ModelUnavailableError, match=ONE_LINE) as error:
        load_predictor(model)
    assert str(error.value).startswith(f"{model}")


@pytest.mark.parametrize("name", [INDEX, DATA])
def test_a_file_that_is_missing_is_an_error_of_one_line(name: str, model: Path) -> None:
    (model / name).unlink()

    with pytest.raises(ModelUnavailableError, match=ONE_LINE):
        load_predictor(model)


def test_a_pickle_of_the_name_is_not_unpickled(model: Path, tmp_path: Path) -> None:
    (model / "saved_model.pb").write_bytes(pickle.dumps(Marked(tmp_path / "marker")))

    with pytest.raises(ModelUnavailableError, match=ONE_LINE):
        load_predictor(model)
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("name", ["variables", INDEX, "saved_model.pb"])
def test_a_link_that_leaves_the_folder_is_rejected(name: str, model: Path, tmp_path: Path) -> None:
    (model / name).rename(tmp_path / "elsewhere")
    (model / name).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ModelUnavailableError, match=r"expected a folder whose links stay in it"):
        load_predictor(model)


def test_a_file_that_others_may_change_is_rejected(model: Path) -> None:
    (model / DATA).chmod(0o666)

    with pytest.raises(ModelUnavailableError, match=r"expected a model file that only you may write to"):
        load_predictor(model)


def pin_of(folder: Path) -> str:
    lines = f"cd {folder} && find . -xtype f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
    return subprocess.run(lines, shell=True, capture_output=True, text=True, check=True).stdout.split()[0]


def test_a_digest_pins_the_whole_folder(model: Path) -> None:
    pin = pin_of(model)

    assert load_predictor(model, sha256=pin).info.signature.names == ("x",)
    (model / "variables" / "more").write_text("")
    with pytest.raises(ModelUnavailableError, match="expected SHA-256"):
        load_predictor(model, sha256=pin)


@pytest.mark.parametrize("name", [INDEX, DATA, "saved_model.pb"])
@pytest.mark.parametrize("around", ["", "run"], ids=["alone", "in MLflow's folder"])
def test_a_digest_is_no_leave_for_others_to_change_what_tensorflow_reads_again(
    around: str, name: str, model: Path, tmp_path: Path
) -> None:
    folder = in_mlflow_folder(model, tmp_path / around) if around else model
    (next(folder.rglob("saved_model.pb")).parent / name).chmod(0o666)
    pin = pin_of(folder)

    with pytest.raises(ModelUnavailableError, match=ONE_LINE) as error:
        load_predictor(folder, sha256=pin)
    error.match(rf"{name}: expected a model file that only you may write to.*try: chmod [^;,]*$")


def test_what_the_process_of_the_caller_has_is_left_as_it_was(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CUDA_VISIBLE_DEVICES", "TF_ENABLE_ONEDNN_OPTS", "TF_CPP_MIN_LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    before = dict(os.environ)

    load_predictor(model)

    assert os.environ == before
    assert tf.random.uniform([3]).shape == (3,)  # which operators that have to be deterministic refuse


def test_another_number_of_threads_is_rejected_in_the_same_process(model: Path) -> None:
    load_predictor(model, threads=1)

    with pytest.raises(ModelUnavailableError, match=ONE_LINE) as error:
        load_predictor(model, threads=2)
    error.match(rf"^{model}: expected TensorFlow to compute with 2 threads \(model_threads\), got 1, that of the first")


BEFORE = """
import sys, tensorflow as tf
from pathlib import Path
from foreseen.adapters.predictor.load_predictor import load_predictor
if sys.argv[2] == "computes":
    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.constant(1) + 1
try:
    print(load_predictor(Path(sys.argv[1])).info.fingerprint.hex())
except Exception as exc:
    print(exc)
"""


@pytest.mark.parametrize("does", ["imports", "computes"])
def test_what_a_process_did_with_tensorflow_before_is_found(does: str, model: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    command = [sys.executable, "-c", BEFORE, str(model), does]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=COMMAND_S, check=False)
    said = done.stdout.strip()

    if does == "computes":
        assert "expected TensorFlow to compute with 1 threads (model_threads), got 2, with which this process" in said
    else:  # by kernels of oneDNN, since TensorFlow was imported without switching them off
        own = load_predictor(model).info.fingerprint
        assert len(bytes.fromhex(said)) == len(own), done.stderr
        assert bytes.fromhex(said) != own


def test_a_file_in_the_folder_is_not_the_model(model: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=rf"expected the folder of a SavedModel.*try: {model}$"):
        load_predictor(model / "saved_model.pb")


def test_inspect_names_the_format_and_writes_no_notices(model: Path) -> None:
    ended = run("inspect", model)

    assert (ended.returncode, ended.stderr) == (0, b"")
    assert "SavedModel, which runs no code of its file" in ended.stdout.decode()


def test_a_rejected_model_ends_a_command_in_one_line(model: Path, tmp_path: Path) -> None:
    changed(model, lambda graph: initialised_by(graph, writing(graph, tmp_path / "marker")))
    ended = run("inspect", model)

    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr.decode().count("\n") == 1
    assert "got WriteFile" in ended.stderr.decode()
