"""SavedModels of the usual families of layers are served, and answer as TensorFlow does."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from support.same_everywhere import answers_of
from support.time_limits import COMMAND_S

tf: Any = pytest.importorskip("tensorflow", reason="1.5 GB: make test-formats installs it")

EXPORT = """
import sys, keras, tensorflow as tf
from keras import Input, layers

def network(name, shape, *parts):
    x = given = Input(shape, name="x")
    for part in parts:
        x = part(x)
    keras.Model(given, x).export(f"{sys.argv[1]}/{name}", verbose=False)

def function(name, call):
    module = tf.Module()
    module.call = tf.function(call, input_signature=[tf.TensorSpec([None, 4], "float32", name="x")])
    tf.saved_model.save(module, f"{sys.argv[1]}/{name}", signatures={"serving_default": module.call})

keras.utils.set_random_seed(0)
network("layer norm", (4,), layers.LayerNormalization(), layers.Dense(3))
network("group norm", (4,), layers.Reshape((2, 2)), layers.GroupNormalization(2), layers.Flatten())
network("attention", (4,), layers.Reshape((2, 2)), lambda x: layers.MultiHeadAttention(2, 3)(x, x), layers.Flatten())
network("masked LSTM", (4,), layers.Reshape((4, 1)), layers.Masking(1.5), layers.LSTM(5), layers.Dense(2))
network("both ways", (4,), layers.Reshape((4, 1)), layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        layers.Flatten())
network("GRU", (4,), layers.Reshape((4, 1)), layers.GRU(5))
network("convolution", (4,), layers.Reshape((2, 2, 1)), layers.Conv2D(3, 2, padding="same"), layers.MaxPooling2D(2),
        layers.Conv2DTranspose(2, 2), layers.DepthwiseConv2D(2, padding="same"), layers.Flatten())
network("embedding", (4,), lambda x: layers.Embedding(9, 3)(keras.ops.cast(x, "int32")), layers.GlobalMaxPooling1D())
network("scaling", (4,), layers.Normalization(mean=[1.0] * 4, variance=[2.0] * 4), layers.Discretization([0.0, 1.0]))
function("moments", lambda x: {"y": tf.stack(tf.nn.moments(x, 1), 1)})
function("any", lambda x: {"y": tf.stack([tf.reduce_any(x > 1, 1), tf.reduce_all(x > 0, 1)], 1)})
function("stitched", lambda x: {"y": tf.transpose(tf.dynamic_stitch([[0, 2], [1, 3]], [
    tf.gather(tf.transpose(x), [3, 2]), tf.gather(tf.transpose(x), [1, 0])]))})
function("stitched by several", lambda x: {"y": tf.transpose(tf.raw_ops.ParallelDynamicStitch(
    indices=[[0, 2], [1, 3]], data=[tf.gather(tf.transpose(x), [3, 2]), tf.gather(tf.transpose(x), [1, 0])]))})
function("partitioned", lambda x: {"y": tf.transpose(tf.concat(
    tf.dynamic_partition(tf.transpose(x), [0, 1, 0, 1], 2), 0))})
function("copied", lambda x: {"y": tf.raw_ops.Snapshot(input=x) + tf.raw_ops.DeepCopy(x=x)})
function("without gradients", lambda x: {"y": tf.raw_ops.PreventGradient(input=tf.stop_gradient(x), message="")})
function("counted", lambda x: {"y": tf.raw_ops.For(
    start=0, limit=3, delta=1, input=[x], body=tf.function(lambda place, x: x * 2).get_concrete_function(
        tf.TensorSpec([], "int32"), tf.TensorSpec([None, 4], "float32")))[0]})
function("read letters", lambda x: {"y": tf.nn.ctc_greedy_decoder(
    tf.transpose(tf.reshape(x, [-1, 2, 2]), [1, 0, 2]), tf.fill([tf.shape(x)[0]], 2))[1]})
function("searched letters", lambda x: {"y": tf.nn.ctc_beam_search_decoder(
    tf.transpose(tf.reshape(x, [-1, 2, 2]), [1, 0, 2]), tf.fill([tf.shape(x)[0]], 2), 3, 2)[1]})
"""
FAMILIES = (
    "layer norm", "group norm", "attention", "masked LSTM", "both ways", "GRU", "convolution", "embedding", "scaling",
    "moments", "any", "stitched", "stitched by several", "partitioned", "copied", "without gradients",
    "counted", "read letters", "searched letters",
)  # fmt: skip
ROWS = np.random.default_rng(0).uniform(0, 3, (32, 4)).round(1).astype("float32")
ROWS[::5, 2:] = 1.5  # which the masked network leaves out


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models, exported in a process whose Keras computes by TensorFlow."""
    folder = tmp_path_factory.mktemp("exported")
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-c", EXPORT, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=COMMAND_S, check=False)
    assert done.returncode == 0, done.stderr
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_of_layers_answers_as_tensorflow_does(family: str, exported: Path) -> None:
    predictor = load_predictor(exported / family)
    signature = tf.saved_model.load(str(exported / family)).signatures["serving_default"]
    (expected,) = signature(x=tf.constant(ROWS)).values()

    answers = answers_of(predictor, [{"x": row} for row in ROWS.tolist()])

    found = np.array([each["prediction"] for each in answers])
    np.testing.assert_allclose(found.reshape(expected.shape), expected.numpy(), rtol=1e-5, atol=1e-6)
