"""Files of ONNX: over HTTP, in files and called directly they answer with the bits of onnxruntime, and no code runs."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pandas as pd
import pytest
from onnx import TensorProto, helper

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.onnx.onnx_session import open_session
from foreseen.domain.errors import InvalidBatchError, ModelUnavailableError
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from support.command_in_process import run_here
from support.in_process_service import service, wired_with
from support.loaded_models import dtypes
from support.onnx_models import (
    FAMILIES,
    FLOWERS,
    PEOPLE,
    convolutions,
    network,
    of_family,
    of_people,
    saved,
    tensor,
)
from support.processes import environment

ROWS = FLOWERS[::3]
CLASSIFIERS = ("logistic", "forest", "boosting", "scaled network", "support vectors", "columns", "without ZipMap")
PROBABILITIES = ("predict", "predict_proba")


def computed(content: bytes | onnx.ModelProto, fed: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """Return what onnxruntime computes when it is called directly."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    held = content if isinstance(content, bytes) else content.SerializeToString()
    session = onnxruntime.InferenceSession(held, options, providers=["CPUExecutionProvider"])
    return dict(zip([each.name for each in session.get_outputs()], session.run(None, dict(fed)), strict=True))


def of_rows(name: str) -> Mapping[str, npt.NDArray[Any]]:
    """Return the rows that a family is called with."""
    if name != "columns":
        return {"X": ROWS}
    kinds = {"age": np.int64, "income": np.float32, "city": object}
    return {column: PEOPLE[column].to_numpy().astype(kind).reshape(-1, 1) for column, kind in kinds.items()}


def expected(name: str) -> list[dict[str, Any]]:
    """Return the answers that onnxruntime's outputs amount to, as clients read them."""
    label, *others = computed(of_family(name), of_rows(name)).values()
    if name not in CLASSIFIERS:
        predicted = [{"prediction": value} for value in np.asarray(label).ravel().tolist()]
        return [{"prediction": str(each["prediction"])} for each in predicted] if "decision" in name else predicted
    zipped = others[0]
    if not isinstance(zipped, list):
        zipped = [dict(zip(["setosa", "versicolor", "virginica"], row, strict=True)) for row in zipped.tolist()]
    probabilities = [{str(key): float(value) for key, value in row.items()} for row in zipped]
    labels = [str(each) for each in label]
    return [{"prediction": a, "probabilities": b} for a, b in zip(labels, probabilities, strict=True)]


def instances(name: str, predictor: Predictor) -> list[dict[str, Any]]:
    columns = [column.ravel().tolist() for column in of_rows(name).values()] if name == "columns" else ROWS.T.tolist()
    return [dict(zip(predictor.info.signature.names, row, strict=True)) for row in zip(*columns, strict=True)]


def predicted(predictor: Predictor, given: Sequence[Mapping[str, Any]]) -> list[Any]:
    signature = predictor.info.signature
    batch = Batch.of(signature, {name: [instance[name] for instance in given] for name in signature.names})
    return [json.loads(body) for body in predictor.predict(batch).encode().bodies]


def load(path: Path, outputs: Sequence[str] = ("predict",), **options: Any) -> Predictor:
    return load_predictor(path, outputs=outputs, **options)


def rejection(path: Path, outputs: Sequence[str] = ("predict",), **options: Any) -> str:
    with pytest.raises(ModelUnavailableError) as caught:
        load(path, outputs, **options)
    said = str(caught.value)
    assert said.startswith((f"{path}: ", f"{path.with_suffix('.toml')}: "))
    assert "\n" not in said
    return said.partition(": ")[2]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_model_answers_with_the_bits_of_onnxruntime_everywhere(name: str, tmp_path: Path) -> None:
    outputs = PROBABILITIES if name in CLASSIFIERS else ("predict",)
    path = saved(of_family(name), tmp_path)
    predictor = load(path, outputs)
    sent = instances(name, predictor)
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(instance) + "\n" for instance in sent))

    assert predicted(predictor, sent) == expected(name)
    assert [predicted(predictor, [instance])[0] for instance in sent[:5]] == expected(name)[:5]
    with service(wired_with(path, outputs=outputs)) as over_http:
        assert over_http.post({"instances": sent}).json()["predictions"] == expected(name)
    done = run_here("score", path, "in.jsonl", "-o", "out.jsonl", "--outputs", ",".join(outputs), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    scored = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [{key: row[key] for key in expected(name)[0]} for row in scored] == expected(name)


@pytest.mark.parametrize(
    ("name", "kind", "classes"),
    [
        ("linear", "regression", ()),
        ("forest of numbers", "regression", ()),
        ("logistic", "classification", ("setosa", "versicolor", "virginica")),
        ("scaled network", "classification", ("setosa", "versicolor", "virginica")),
        ("support vectors", "classification", ("0", "1", "2")),
        ("columns", "classification", ("no", "yes")),
        ("decision values", "classification", ("setosa", "versicolor", "virginica")),
        ("clusters", "other", ()),
        ("isolation", "other", ()),
    ],
)
def test_the_graph_says_what_kind_of_model_it_is(
    name: str, kind: str, classes: tuple[str, ...], tmp_path: Path
) -> None:
    signature = load(saved(of_family(name), tmp_path)).info.signature

    assert (signature.kind, signature.classes) == (kind, classes)


def test_columns_of_a_matrix_are_numbered_features_unless_they_are_named(tmp_path: Path) -> None:
    path = saved(of_family("forest"), tmp_path)

    assert dtypes(load(path).info.signature) == {f"x{place}": "float32" for place in range(4)}
    assert load(path, features=["a", "b", "c", "d"]).info.signature.names == ("a", "b", "c", "d")
    path.with_suffix(".toml").write_text("".join(f'[[features]]\nname = "f{place}"\n' for place in range(4)))
    assert dtypes(load(path).info.signature) == {f"f{place}": "float32" for place in range(4)}
    assert "expected 4 feature names" in rejection(path, features=["a", "b"])


def test_inputs_of_one_column_are_features_by_name(tmp_path: Path) -> None:
    assert dtypes(load(saved(of_people(), tmp_path)).info.signature) == {
        "age": "int64", "income": "float32", "city": "string"
    }  # fmt: skip


def test_a_decision_value_is_no_probability_but_an_output(tmp_path: Path) -> None:
    path = saved(of_family("decision values"), tmp_path)

    assert "expected outputs of the model (predict, probabilities), got 'predict_proba'" in rejection(
        path, PROBABILITIES
    )
    found = predicted(load(path, ["probabilities"]), instances("forest", load(path)))
    assert [row["probabilities"] for row in found] == computed(of_family("decision values"), {"X": ROWS})[
        "probabilities"
    ].tolist()


def test_outputs_of_a_network_are_chosen_by_name_or_all_given(tmp_path: Path) -> None:
    images = np.random.default_rng(0).normal(size=(5, 3, 8, 8)).astype(np.float32)
    path = saved(convolutions(), tmp_path)
    whole = computed(convolutions(), {"image": np.concatenate([images] * 7)[:32]})
    sent = [{"image": image.tolist()} for image in images]

    assert predicted(load(path, ["logits"]), sent) == [{"logits": row} for row in whole["logits"][:5].tolist()]
    assert predicted(load(path), sent) == [
        {"prediction": {"logits": a, "probabilities": b}}
        for a, b in zip(whole["logits"][:5].tolist(), whole["probabilities"][:5].tolist(), strict=True)
    ]
    assert load(path, ["logits"]).info.outputs[0].shape == (4,)
    assert "(predict, logits, probabilities), got 'logit'; did you mean 'logits'?" in rejection(path, ["logit"])


def test_names_of_outputs_become_those_that_a_setting_may_have(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["/fc/Relu:0"]),
        helper.make_node("Neg", ["x"], ["_fc_Relu_0"]),
        helper.make_node("Abs", ["x"], ["2nd"]),
    ]
    outputs = [tensor(name, ["n", 2]) for name in ("/fc/Relu:0", "_fc_Relu_0", "2nd")]
    path = saved(network(nodes, [tensor("x", ["n", 2])], outputs), tmp_path)

    found = predicted(load(path, ["_fc_Relu_0", "_fc_Relu_0_2", "_2nd"]), [{"x0": -1.0, "x1": 2.0}])
    assert found == [{"_fc_Relu_0": [0.0, 2.0], "_fc_Relu_0_2": [1.0, -2.0], "_2nd": [1.0, 2.0]}]


KINDS: Mapping[int, tuple[str, object]] = {
    TensorProto.FLOAT: ("float32", 1.5), TensorProto.DOUBLE: ("float64", 1.1), TensorProto.FLOAT16: ("float32", 1.5),
    TensorProto.INT64: ("int64", -3), TensorProto.INT32: ("int32", -3), TensorProto.INT16: ("int16", -3),
    TensorProto.INT8: ("int8", -3), TensorProto.UINT8: ("uint8", 200), TensorProto.UINT16: ("uint16", 200),
    TensorProto.UINT32: ("uint32", 200), TensorProto.UINT64: ("uint64", 200), TensorProto.BOOL: ("bool", True),
    TensorProto.STRING: ("string", "Bergen"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_of_numbers_and_texts_can_be_sent(kind: int, tmp_path: Path) -> None:
    nodes = [helper.make_node("Identity", ["given"], ["returned"])]
    path = saved(network(nodes, [tensor("given", ["n"], kind)], [tensor("returned", ["n"], kind)]), tmp_path)
    dtype, value = KINDS[kind]

    predictor = load(path)
    assert dtypes(predictor.info.signature) == {"given": dtype}
    assert predicted(predictor, [{"given": value}, {"given": value}]) == [{"prediction": value}] * 2


def test_a_value_that_half_precision_cannot_hold_is_rejected(tmp_path: Path) -> None:
    nodes = [helper.make_node("Identity", ["given"], ["returned"])]
    half = TensorProto.FLOAT16
    predictor = load(saved(network(nodes, [tensor("given", ["n"], half)], [tensor("returned", ["n"], half)]), tmp_path))

    with pytest.raises(InvalidBatchError, match="values that fit float16"):
        predicted(predictor, [{"given": 70_000.0}])


def _several(*inputs: onnx.ValueInfoProto) -> onnx.ModelProto:
    """Return a network that adds the means of its inputs."""
    nodes = []
    for declared in inputs:
        nodes.append(helper.make_node("Cast", [declared.name], [f"{declared.name}_f"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Flatten", [f"{declared.name}_f"], [f"{declared.name}_flat"]))
        nodes.append(
            helper.make_node("ReduceMean", [f"{declared.name}_flat", "axis"], [f"{declared.name}_mean"], keepdims=0)
        )
    nodes.append(helper.make_node("Sum", [f"{declared.name}_mean" for declared in inputs], ["total"]))
    return network(nodes, inputs, [tensor("total", ["n"])], {"axis": np.array([1], dtype=np.int64)})


def test_inputs_of_several_shapes_are_tensors_by_name(tmp_path: Path) -> None:
    inputs = [tensor("image", ["n", 2, 3]), tensor("tokens", ["n", 4], TensorProto.INT64), tensor("age", ["n", 1])]
    predictor = load(saved(_several(*inputs), tmp_path))

    assert [(each.name, each.dtype, each.shape) for each in predictor.info.signature.features] == [
        ("image", "float32", (2, 3)), ("tokens", "int64", (4,)), ("age", "float32", ())
    ]  # fmt: skip
    assert predictor.info.model_input.takes == "tensors"
    sent = {"image": [[1.0, 1.0, 1.0], [3.0, 3.0, 3.0]], "tokens": [1, 2, 3, 4], "age": 0.25}
    assert predicted(predictor, [sent]) == [{"prediction": 4.75}]


def test_a_sidecar_says_the_lengths_that_a_file_leaves_open(tmp_path: Path) -> None:
    inputs = [tensor("tokens", ["n", "length"], TensorProto.INT64), tensor("mask", ["n", "length"], TensorProto.INT64)]
    path = saved(_several(*inputs), tmp_path)

    assert rejection(path) == (
        "input 'tokens': expected the shape of one row, since the file leaves lengths of its shape [?, ?] open; "
        'declare it in the sidecar: [[features]] name = "tokens", shape = […]'
    )
    path.with_suffix(".toml").write_text(
        '[[features]]\nname = "tokens"\nshape = [4]\n[[features]]\nname = "mask"\nshape = [4]\n'
    )
    assert predicted(load(path), [{"tokens": [1, 2, 3, 4], "mask": [1, 1, 1, 1]}]) == [{"prediction": 3.5}]


@pytest.mark.parametrize(
    ("shape", "toml", "expected"),
    [
        (["n", 3, "h", "w"], "shape = [3, 4]", "expected a shape of [?, 3, ?, ?] without the rows, got [3, 4]"),
        (["n", 3, "h", "w"], "shape = [4, 3, 3]", "expected a shape of [?, 3, ?, ?] without the rows, got [4, 3, 3]"),
        (["n", 2, 3, 4], "shape = [4, 3, 2]", "expected the shape [2, 3, 4] of the file, got [4, 3, 2]"),
        (["n", 2, 3, 4], "shape = [2, 3]", "expected features of 24 values in all"),
    ],
)
def test_a_declared_shape_must_be_that_of_the_file(
    shape: list[int | str | None], toml: str, expected: str, tmp_path: Path
) -> None:
    path = saved(_several(tensor("image", shape)), tmp_path, f'[[features]]\nname = "image"\n{toml}\n')

    assert expected in rejection(path)


def test_a_name_with_line_breaks_is_shown_in_one_line(tmp_path: Path) -> None:
    path = saved(_several(tensor("im\nage", ["n", "h", "w"])), tmp_path)

    assert "expected the shape of one row" in rejection(path)


def test_columns_that_a_file_leaves_open_are_counted_by_their_names(tmp_path: Path) -> None:
    path = saved(_several(tensor("X", [None, None])), tmp_path)

    assert "expected its number of columns, which the file leaves open; name its features" in rejection(path)
    assert predicted(load(path, features=["a", "b"]), [{"a": 1.0, "b": 2.0}]) == [{"prediction": 1.5}]


@pytest.mark.parametrize("rows", [1, 4])
def test_a_graph_of_a_fixed_number_of_rows_is_called_with_it(rows: int, tmp_path: Path) -> None:
    images = np.random.default_rng(0).normal(size=(6, 3, 8, 8)).astype(np.float32)
    path = saved(convolutions(rows), tmp_path)
    predictor = load(path, ["logits"])
    found = predicted(predictor, [{"image": image.tolist()} for image in images])

    padded = np.concatenate([images, np.repeat(images[-1:], rows, axis=0)])
    calls = [computed(convolutions(rows), {"image": padded[at : at + rows]})["logits"] for at in range(0, 6, rows)]
    assert predictor.info.call_size.fixed == rows
    assert found == [{"logits": row} for row in np.concatenate(calls)[:6].tolist()]
    any_number = load(path, ["logits"], rows_per_call=0)
    assert predicted(any_number, [{"image": image.tolist()} for image in images]) == found


REJECTED: Mapping[str, tuple[onnx.ModelProto, str]] = {
    "a sequence": (
        network(
            [helper.make_node("ConcatFromSequence", ["s"], ["y"], axis=0)],
            [helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, ["n"])],
            [tensor("y", ["n"])],
        ),
        "input 's': expected a tensor of numbers or texts, got sequence",
    ),
    "bfloat16": (
        network(
            [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)],
            [tensor("x", ["n", 2], TensorProto.BFLOAT16)],
            [tensor("y", ["n", 2])],
        ),
        "input 'x': expected a tensor of numbers or texts, got a tensor of bfloat16",
    ),
    "no rows": (
        network([helper.make_node("Neg", ["x"], ["y"])], [tensor("x", [])], [tensor("y", [])]),
        "input 'x': expected a first dimension for rows, got a single value",
    ),
    "columns without number": (
        network([helper.make_node("Neg", ["x"], ["y"])], [tensor("x", ["n", 10**9])], [tensor("y", ["n", 10**9])]),
        "expected 100,000 columns at most, got 1,000,000,000",
    ),
    "values without number": (
        network(
            [helper.make_node("Neg", ["x"], ["y"])], [tensor("x", ["n", 2**40, 2**40])],
            [tensor("y", ["n", 2**40, 2**40])],
        ),
        "expected an instance of 4,194,304 values at most, got 1,208,925,819,614,629,174,706,176",
    ),
    "rows without number": (
        network([helper.make_node("Neg", ["x"], ["y"])], [tensor("x", [10**9, 2])], [tensor("y", [10**9, 2])]),
        "expected a model of 65,536 rows at most in each call, got 1,000,000,000",
    ),
    "one answer for all": (
        network([helper.make_node("ReduceSum", ["x"], ["y"])], [tensor("x", ["n", 2])], [tensor("y", [1, 1])]),
        "expected outputs with an answer for each of 3 rows, got y [1, 1]",
    ),
    "rows that disagree": (
        network(
            [helper.make_node("Add", ["a", "b"], ["y"])], [tensor("a", ["n", 2]), tensor("b", [1, 2])],
            [tensor("y", ["n", 2])],
        ),
        "expected inputs whose first dimension is that of rows, got a [?, 2], b [1, 2]",
    ),
    "operators of somebody": (
        network(
            [helper.make_node("Own", ["x"], ["y"], domain="com.example")], [tensor("x", ["n", 2])],
            [tensor("y", ["n", 2])],
            opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("com.example", 1)],
        ),
        "expected operators of onnxruntime, got 'Own' of the domain 'com.example', which needs a library of custom",
    ),
    "an unknown operator": (
        network([helper.make_node("Foo", ["x"], ["y"])], [tensor("x", ["n", 2])], [tensor("y", ["n", 2])]),
        "Error No Op registered for Foo with domain_version of 20",
    ),
    "operators of the future": (
        network(
            [helper.make_node("Relu", ["x"], ["y"])], [tensor("x", ["n", 2])], [tensor("y", ["n", 2])],
            opset_imports=[helper.make_opsetid("", 99)],
        ),
        "expected a model that onnxruntime can load: ",
    ),
    "a form of the future": (
        network(
            [helper.make_node("Relu", ["x"], ["y"])], [tensor("x", ["n", 2])], [tensor("y", ["n", 2])], ir_version=60
        ),
        "expected a model that onnxruntime can load: Unsupported model IR version: 60",
    ),
    "a circle": (
        network(
            [helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Neg", ["a"], ["b"])],
            [tensor("x", ["n", 2])], [tensor("b", ["n", 2])],
        ),
        "expected a model that onnxruntime can load: ",
    ),
    "float and double of skl2onnx": (
        network(
            [helper.make_node("Normalizer", ["x"], ["y"], domain="ai.onnx.ml")], [tensor("x", ["n", 2])],
            [tensor("y", ["n", 2], TensorProto.DOUBLE)], producer_name="skl2onnx",
        ),
        "try: export it from columns of float32 instead of float64",
    ),
    "weights of 2 TB": (
        network(
            [helper.make_node("Add", ["x", "w"], ["y"])], [tensor("x", ["n", 2])], [tensor("y", ["n", 2])],
            {"w": np.zeros(2, dtype=np.float32)},
        ),
        "expected a model that onnxruntime can load: ",
    ),
    "nothing": (onnx.ModelProto(ir_version=9, producer_name="nobody"), "expected a graph with inputs, got none"),
}  # fmt: skip
REJECTED["weights of 2 TB"][0].graph.initializer[0].dims[:] = [2**38, 2]


@pytest.mark.parametrize("name", REJECTED)
def test_what_cannot_be_served_is_rejected_in_one_line(name: str, tmp_path: Path) -> None:
    model, said = REJECTED[name]

    assert said in rejection(saved(model, tmp_path))


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_rejected(share: float, tmp_path: Path) -> None:
    content = of_family("forest")
    path = saved(content[: int(share * len(content))], tmp_path)

    assert rejection(path).startswith("expected a whole ONNX model: ")
    done = run_here("inspect", path)
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)


def test_other_files_that_are_named_onnx_are_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_text("weights: none\n")

    assert "got a text that begins with 'weights: none'" in rejection(path)


def _external(location: str, folder: Path, **entries: str) -> Path:
    """Save a network whose weights are the eight bytes of a file elsewhere."""
    weights = np.array([2.0, 3.0], dtype=np.float32)
    model = network(
        [helper.make_node("Mul", ["x", "w"], ["y"])], [tensor("x", ["n", 2])], [tensor("y", ["n", 2])], {"w": weights}
    )
    held = model.graph.initializer[0]
    held.ClearField("raw_data")
    held.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": "0", "length": "8", **entries}.items():
        held.external_data.add(key=key, value=value)
    (folder / "model.onnx.data").write_bytes(weights.tobytes())
    (folder / "model.onnx.data").chmod(0o600)
    return saved(model, folder)


def test_weights_in_another_file_are_part_of_the_model(tmp_path: Path) -> None:
    path = _external("model.onnx.data", tmp_path)
    before = load(path)

    assert predicted(before, [{"x0": 1.0, "x1": 1.0}]) == [{"prediction": [2.0, 3.0]}]
    (tmp_path / "model.onnx.data").write_bytes(np.array([5.0, 7.0], dtype=np.float32).tobytes())
    after = load(path)
    assert predicted(after, [{"x0": 1.0, "x1": 1.0}]) == [{"prediction": [5.0, 7.0]}]
    assert after.info.fingerprint != before.info.fingerprint


@pytest.mark.parametrize(
    ("location", "entries", "expected"),
    [
        ("other.data", {}, "other.data, got no such file; copy it beside the model"),
        (
            "../model.onnx.data",
            {},
            "in a file beside the model, got the location '../model.onnx.data' of",
        ),
        ("/etc/hostname", {}, "in a file beside the model, got the location '/etc/hostname'"),
        ("", {}, "in a file beside the model, got the location ''"),
        ("*/_ORT_MEM_ADDR_/*", {}, "in a file beside the model, got the location '*/_ORT_MEM_ADDR_/*'"),
        ("model.onnx.data", {"offset": "-4"}, "expected an offset and a length"),
        ("model.onnx.data", {"length": "many"}, "expected an offset and a length"),
        ("model.onnx.data", {"offset": "4"}, "expected 12 bytes in"),
        ("model.onnx.data", {"length": "4"}, "expected a model that onnxruntime can load: "),
    ],
)
def test_weights_elsewhere_must_be_in_the_folder_of_the_model(
    location: str, entries: dict[str, str], expected: str, tmp_path: Path
) -> None:
    assert expected in rejection(_external(location, tmp_path, **entries))


def test_a_link_to_weights_may_not_leave_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    path = _external("weights", folder)
    (tmp_path / "elsewhere").write_bytes((folder / "model.onnx.data").read_bytes())
    (folder / "weights").symlink_to(tmp_path / "elsewhere")

    assert "expected its external data in its own folder, got a link to" in rejection(path)


def test_weights_that_another_user_may_change_are_rejected(tmp_path: Path) -> None:
    path = _external("model.onnx.data", tmp_path)
    (tmp_path / "model.onnx.data").chmod(0o666)

    with pytest.raises(ModelUnavailableError, match="every user"):
        load(path)


def test_only_libraries_of_the_format_are_in_the_fingerprint(tmp_path: Path) -> None:
    assert set(load(saved(of_family("forest"), tmp_path)).info.versions) == {"python", "numpy", "onnxruntime"}


def test_the_number_of_threads_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    path = saved(of_family("forest"), tmp_path)

    assert load(path).info.fingerprint != load(path, threads=2).info.fingerprint


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
@pytest.mark.parametrize("threads", [1, 3])
def test_a_session_has_the_calling_thread_and_as_many_more_as_are_set(threads: int) -> None:
    kept = [open_session(of_family("forest"), {}, threads=1)]  # onnxruntime itself starts some with its first one
    before = {path.name for path in Path("/proc/self/task").iterdir()}
    kept.append(open_session(of_family("forest"), {}, threads=threads))
    for session in kept:
        session.run(None, {"X": FLOWERS})

    assert len({path.name for path in Path("/proc/self/task").iterdir()} - before) == threads - 1


def test_a_missing_library_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(of_family("linear"), tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    assert rejection(path) == "expected onnxruntime, which reads ONNX models; try: pip install 'foreseen[onnx]'"


def test_inspect_names_the_format_and_that_no_code_runs(tmp_path: Path) -> None:
    done = run_here("inspect", saved(of_family("columns"), tmp_path))

    assert done.returncode == 0
    shown = " ".join(done.stdout.decode().split())
    assert "ONNX, which runs no code of its file when it is loaded" in shown
    assert "a dict of tensors" in shown
    assert "its file" in shown


def test_a_written_sidecar_is_read_again(tmp_path: Path) -> None:
    path = saved(of_family("columns"), tmp_path)
    before = load(path)
    done = run_here("inspect", path, "--write-sidecar")

    assert done.returncode == 0, done.stderr
    after = load(path)
    assert after.info.signature == before.info.signature
    assert after.info.fingerprint == before.info.fingerprint


def test_a_text_that_the_graph_rejects_is_rejected_and_the_next_answered(tmp_path: Path) -> None:
    predictor = load(saved(of_people(options={"zipmap": False}), tmp_path))
    known = {"age": 30, "income": 20.0, "city": "Oslo"}

    assert predicted(predictor, [known, known | {"city": "Bergen"}])[0] == predicted(predictor, [known])[0]


def test_people_in_a_csv_file_are_scored_by_column_names(tmp_path: Path) -> None:
    path = saved(of_family("columns"), tmp_path)
    PEOPLE.to_csv(tmp_path / "in.csv", index=False)
    done = run_here("score", path, "in.csv", "-o", "out.csv", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    found = pd.read_csv(tmp_path / "out.csv")["prediction"].tolist()
    assert found == [answer["prediction"] for answer in expected("columns")]


def test_a_folder_of_mlflow_gives_a_graph_its_names(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    saved(of_family("forest"), folder)
    columns = [{"type": "double", "name": f"f{place}", "required": True} for place in range(4)]
    (folder / "MLmodel").write_text(
        "flavors:\n  onnx:\n    data: model.onnx\n    onnx_version: 1.23.2\n"
        f"signature:\n  inputs: '{json.dumps(columns)}'\n"
    )
    predictor = load(folder, PROBABILITIES)

    assert dtypes(predictor.info.signature) == {f"f{place}": "float32" for place in range(4)}
    assert predicted(predictor, instances("forest", predictor)) == expected("forest")


def test_a_missing_number_is_nan_where_a_sidecar_allows_it(tmp_path: Path) -> None:
    imputer = helper.make_node("Imputer", ["X"], ["y"], "filled", domain="ai.onnx.ml", imputed_value_floats=[7.0, 8.0],
                               replaced_value_float=float("nan"))  # fmt: skip
    path = saved(network([imputer], [tensor("X", ["n", 2])], [tensor("y", ["n", 2])]), tmp_path)

    assert [each.missing for each in load(path).info.signature.features] == [False, False]
    path.with_suffix(".toml").write_text('[[features]]\nname = "x1"\nmissing = true\n')
    assert predicted(load(path), [{"x0": 1.0, "x1": None}]) == [{"prediction": [1.0, 8.0]}]


@pytest.mark.parametrize("kind", [TensorProto.INT64, TensorProto.STRING, TensorProto.BOOL])
def test_a_missing_value_of_another_type_is_rejected(kind: int, tmp_path: Path) -> None:
    nodes = [helper.make_node("Identity", ["given"], ["returned"])]
    model = network(nodes, [tensor("given", ["n"], kind)], [tensor("returned", ["n"], kind)])
    predictor = load(saved(model, tmp_path, '[[features]]\nname = "given"\nmissing = true\n'))

    values: Mapping[int, object] = {TensorProto.INT64: 3, TensorProto.STRING: "Oslo", TensorProto.BOOL: True}
    value = values[kind]

    assert predicted(predictor, [{"given": value}]) == [{"prediction": value}]
    with pytest.raises(InvalidBatchError, match=r"expected no missing value|expected a text"):
        predicted(predictor, [{"given": None}])


def test_a_graph_imports_no_library_of_another_format(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from foreseen.adapters.predictor.load_predictor import load_predictor\n"
        "load_predictor(Path(sys.argv[1]))\n"
        "print(*sorted({'sklearn', 'scipy', 'pandas', 'xgboost'} & set(sys.modules)))"
    )
    line = [sys.executable, "-c", code, str(saved(of_family("forest"), tmp_path))]

    assert subprocess.run(line, env=environment(), capture_output=True, text=True, check=True).stdout == "\n"
