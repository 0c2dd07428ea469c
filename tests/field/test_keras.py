"""Models that Keras 3 saved answer as they do in Keras, and no code of their file runs."""

import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.networks.torch_threads import have_same_bits_everywhere
from foreseen.domain.errors import InvalidBatchError, ModelUnavailableError
from support.processes import run
from support.same_everywhere import answers_of, answers_of_file, answers_of_http

have_same_bits_everywhere()  # before anything is computed in this process
os.environ.setdefault("KERAS_BACKEND", "torch")
torch: Any = pytest.importorskip("torch", reason="900 MB: make test-formats installs it")
keras: Any = pytest.importorskip("keras", reason="50 MB: make test-formats installs it")
h5py: Any = pytest.importorskip("h5py", reason="it comes with Keras")

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras, of numpy 2

ROWS = [{"x": [place / 7, -1.5, 0.25 * place, 3.0]} for place in range(40)]
ONE_LINE = r"^[^\n]*expected [^\n]*$"


def dense() -> Any:
    """Return a network of 4 numbers to 3."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.layers.Input((4,), name="x"),
            keras.layers.Dense(50, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


def saved(model: Any, path: Path) -> Path:
    model.save(path)
    path.chmod(0o600)
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The dense network, saved."""
    return saved(dense(), tmp_path / "model.keras")


def own_answers(model: Any, rows: list[dict[str, Any]]) -> list[Any]:
    """Return what a model answers by itself to so many rows that they fill calls of 32."""
    matrix = np.array([row["x"] for row in rows] + [rows[-1]["x"]] * (-len(rows) % 32), dtype="float32")
    with torch.inference_mode():
        parts = [model(part, training=False).numpy() for part in np.split(matrix, len(matrix) // 32)]
    return [{"prediction": row} for row in np.concatenate(parts)[: len(rows)].tolist()]


def rewritten(source: Path, path: Path, changes: dict[str, Callable[[bytes], bytes]], **added: bytes) -> Path:
    """Write an archive again with some of its files changed, and others added."""
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(path, "w") as written:
        for name in archive.namelist():
            change = changes.get(name)
            content = archive.read(name)
            written.writestr(name, content if change is None else change(content))
        for name, content in added.items():
            written.writestr(name, content)
    path.chmod(0o600)
    return path


def layer(**changed: Any) -> dict[str, Callable[[bytes], bytes]]:
    """Return a change of the second layer in a configuration."""

    def change(content: bytes) -> bytes:
        document = json.loads(content)
        document["config"]["layers"][1].update(changed)
        return json.dumps(document).encode()

    return {"config.json": change}


def weights(change: Callable[[Any], object], folder: Path) -> dict[str, Callable[[bytes], bytes]]:
    """Return a change of the weights by h5py."""

    def changed(content: bytes) -> bytes:
        path = folder / "changed.h5"
        path.write_bytes(content)
        with h5py.File(path, "a") as file:
            change(file)
        return path.read_bytes()

    return {"model.weights.h5": changed}


def test_a_model_answers_with_the_bits_of_keras(model: Path) -> None:
    predictor = load_predictor(model)

    assert answers_of(predictor, ROWS) == own_answers(dense(), ROWS)
    assert [answers_of(predictor, [row])[0] for row in ROWS[:3]] == answers_of(predictor, ROWS)[:3]


def test_every_entrypoint_returns_the_same_bits(model: Path) -> None:
    expected = own_answers(dense(), ROWS)

    assert answers_of_http(model, ROWS) == expected
    assert answers_of_file(model, ROWS) == expected


def test_inputs_and_libraries_are_those_of_the_model(model: Path) -> None:
    info = load_predictor(model).info

    assert [(each.name, each.dtype, each.shape) for each in info.signature.features] == [("x", "float32", (4,))]
    assert (info.call_size.fixed, info.model_input.takes) == (32, "tensors")
    assert set(info.versions) == {"python", "keras", "numpy", "torch"}
    assert not info.loaded_from.runs_code


@pytest.mark.parametrize("threads", [1, 2])
def test_keras_computes_with_the_threads_of_the_settings(threads: int, model: Path) -> None:
    answers_of(load_predictor(model, threads=threads), ROWS)

    assert torch.get_num_threads() == threads


def test_what_keras_is_configured_to_compute_with_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    made = keras.Sequential(
        [keras.layers.Input((2,), name="x"), keras.layers.Normalization(mean=[0.0, 0.0], variance=[0.0, 1.0])]
    )
    path = saved(made, tmp_path / "model.keras")
    rows = [{"x": [1.0, 2.0]}]
    default, epsilon = load_predictor(path), keras.config.epsilon()
    expected = answers_of(default, rows)
    keras.config.set_epsilon(0.5)
    try:
        other = load_predictor(path)
        assert answers_of(other, rows) != expected
    finally:
        keras.config.set_epsilon(epsilon)

    assert other.info.fingerprint != default.info.fingerprint
    assert load_predictor(path).info.fingerprint == default.info.fingerprint


def test_keras_computes_on_the_cpu_whatever_else_there_is(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_TORCH_DEVICE", "meta")  # by which no value is ever computed

    assert answers_of_http(model, ROWS) == own_answers(dense(), ROWS)


def test_a_table_has_a_column_for_each_value_of_the_only_input(model: Path) -> None:
    rows = [dict(zip("abcd", row["x"], strict=True)) for row in ROWS]

    assert answers_of(load_predictor(model, features=list("abcd")), rows) == own_answers(dense(), ROWS)


def test_several_inputs_and_outputs_have_names(tmp_path: Path) -> None:
    amount, kind = keras.Input((2,), name="amount"), keras.Input((), dtype="int32", name="kind")
    joined = keras.layers.Concatenate()([amount, keras.layers.Embedding(9, 3)(kind)])
    outputs = {"score": keras.layers.Dense(1)(joined), "sum": keras.ops.sum(amount, axis=-1)}
    made = keras.Model({"amount": amount, "kind": kind}, outputs)
    predictor = load_predictor(saved(made, tmp_path / "model.keras"))

    found = answers_of(predictor, [{"amount": [0.5, 2.0], "kind": 3}])[0]["prediction"]

    assert {each.name: (each.dtype, each.shape) for each in predictor.info.signature.features} == {
        "amount": ("float32", (2,)),
        "kind": ("int32", ()),
    }
    assert (found["sum"], type(found["score"])) == (2.5, float)
    with pytest.raises(InvalidBatchError, match="values that the model accepts"):
        answers_of(predictor, [{"amount": [0.5, 2.0], "kind": 9}])


def test_inputs_within_lists_and_dicts_are_arranged_as_the_model_takes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b, c = (keras.Input((size,), name=name) for name, size in (("a", 2), ("b", 3), ("c", 1)))
    joined = keras.layers.Concatenate()([a, b, c])
    row = {"a": [1.0, 2.0], "b": [3.0, 4.0, 5.0], "c": [6.0]}

    for number, inputs in enumerate(([a, [b, c]], {"a": a, "rest": {"b": b, "c": c}}, {"rest": [b, c], "a": a})):
        predictor = load_predictor(saved(keras.Model(inputs, joined), tmp_path / f"{number}.keras"))
        assert answers_of(predictor, [row]) == [{"prediction": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}]

    assert "structure" not in capsys.readouterr().err  # Keras warns of each call that arranges them otherwise


@pytest.mark.parametrize("wrapped", [lambda a: [a], lambda a: {"a": a}], ids=["list", "dict"])
def test_the_only_input_of_a_list_or_a_dict_is_given_in_it(wrapped: Callable[[Any], Any], tmp_path: Path) -> None:
    a = keras.Input((2,), name="a")
    predictor = load_predictor(saved(keras.Model(wrapped(a), a * 2), tmp_path / "model.keras"))

    assert answers_of(predictor, [{"a": [1.0, 2.0]}]) == [{"prediction": [2.0, 4.0]}]


LAYERS: dict[str, Callable[[], list[Any]]] = {
    "recurrent": lambda: [keras.layers.Input((5, 4)), keras.layers.LSTM(8), keras.layers.Dense(1)],
    "convolutions": lambda: [
        keras.layers.Input((9, 9, 3)), keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(2),
    ],
    "five rows": lambda: [keras.layers.Input(batch_shape=(5, 4)), keras.layers.Dense(2)],
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_every_kind_are_served(name: str, tmp_path: Path) -> None:
    predictor = load_predictor(saved(keras.Sequential(LAYERS[name]()), tmp_path / "model.keras"))

    assert predictor.info.call_size.fixed == (5 if name == "five rows" else 32)
    assert predictor.info.determinism.is_batch_invariant


class Marked:
    """An object that leaves a marker where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


HOSTILE: dict[str, Callable[[Path], dict[str, Callable[[bytes], bytes]]]] = {
    "a lambda": lambda _: layer(class_name="Lambda"),
    "code": lambda _: layer(config={"function": {"class_name": "__lambda__", "config": {"code": "4wEA"}}}),
    "a module of PyTorch": lambda marker: layer(
        class_name="TorchModuleWrapper", config={"module": pickle.dumps(Marked(marker)).decode("latin-1")}
    ),
    "a model of TensorFlow": lambda marker: layer(class_name="TFSMLayer", config={"filepath": str(marker)}),
    "a vocabulary in a file": lambda marker: layer(class_name="StringLookup", config={"vocabulary": str(marker)}),
    "a function of the system": lambda marker: layer(class_name="function", module="os", config="system"),
    "another module": lambda _: layer(class_name="Popen", module="subprocess"),
    "a download": lambda _: layer(class_name="function", module="keras.utils", config="get_file"),
    "no safe mode": lambda _: layer(
        class_name="function", module="keras.config", config="enable_unsafe_deserialization"
    ),
    "a class of one's own": lambda _: layer(class_name="Dense", registered_name="mine>Dense"),
    "a module below Keras": lambda _: layer(class_name="Dense", module="keras.src.utils.python_utils"),
    "a dotted name": lambda _: layer(class_name="Dense.__init__"),
    "a list for a name": lambda _: layer(class_name=["Dense"]),
    "a link out of the weights": lambda marker: weights(
        lambda file: file.__setitem__("out", h5py.ExternalLink("/etc/hostname", "/x")), marker.parent
    ),
    "a soft link": lambda marker: weights(
        lambda file: file.__setitem__("soft", h5py.SoftLink("/layers")), marker.parent
    ),
    "weights in another file": lambda marker: weights(
        lambda file: file.create_dataset("out", (8,), "u1", external=[("/etc/hostname", 0, 8)]), marker.parent
    ),
    "weights that unpack to far more": lambda marker: weights(
        lambda file: file.create_dataset("out", (2**34,), "f8", chunks=(2**20,), compression="gzip"), marker.parent
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_model_is_rejected_and_nothing_runs(name: str, model: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    path = rewritten(model, tmp_path / "hostile.keras", HOSTILE[name](marker))

    with pytest.raises(ModelUnavailableError, match=ONE_LINE) as error:
        load_predictor(path)
    assert str(error.value).startswith(f"{path}: expected ")
    assert "expected a whole" not in str(error.value)  # it was rejected before Keras read it
    assert not marker.exists()


@pytest.mark.parametrize("member", ["assets/vocabulary.txt", "../outside", "config.json"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_model_with_other_files_is_rejected(member: str, model: Path, tmp_path: Path) -> None:
    path = rewritten(model, tmp_path / "hostile.keras", {}, **{member: b"{}"})

    with pytest.raises(ModelUnavailableError, match=r"expected the files config\.json, metadata\.json and"):
        load_predictor(path)


DAMAGES: dict[str, dict[str, Callable[[bytes], bytes]]] = {
    "no JSON": {"config.json": lambda _: b"{"},
    "another document": {"config.json": lambda _: b"[]"},
    "deep JSON": {"config.json": lambda _: b'{"config":' * 100_000},
    "no weights": {"model.weights.h5": lambda _: b""},
    "short weights": {"model.weights.h5": lambda content: content[:3000]},
    "no metadata": {"metadata.json": lambda _: b""},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_model_is_an_error_of_one_line(damage: str, model: Path, tmp_path: Path) -> None:
    path = rewritten(model, tmp_path / "damaged.keras", DAMAGES[damage])

    with pytest.raises(ModelUnavailableError, match=ONE_LINE) as error:
        load_predictor(path)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_a_model_that_is_cut_off_is_an_error_of_one_line(keep: float, model: Path) -> None:
    content = model.read_bytes()
    model.write_bytes(content[: int(keep * len(content))])

    with pytest.raises(ModelUnavailableError, match=ONE_LINE):
        load_predictor(model)


def test_a_model_in_hdf5_is_rejected_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.15.0"
    path.chmod(0o600)

    with pytest.raises(ModelUnavailableError, match=r"HDF5.*save"):
        load_predictor(path)


def test_another_backend_is_rejected(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")

    with pytest.raises(ModelUnavailableError, match=r"expected KERAS_BACKEND to be torch, .* got 'jax'"):
        load_predictor(model)


def test_inspect_names_the_format(model: Path) -> None:
    ended = run("inspect", model)

    assert ended.returncode == 0, ended.stderr.decode()
    assert "Keras, which runs no code of its file" in ended.stdout.decode()
