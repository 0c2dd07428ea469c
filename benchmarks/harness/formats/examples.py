"""The example of each format: what it takes, how it is trained and served, and what clients send."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from harness.contenders import FORESEEN
from harness.inputs import KNOWN, NAMES
from harness.processes import BENCHMARKS, environment

EXAMPLES = BENCHMARKS.parent / "examples"

FLOWER = '{"sepal_length":4.%03d,"sepal_width":2.%06d,"petal_length":1.4,"petal_width":0.2}'
SIZED_FLOWER = FLOWER.replace("}", ',"size":"small"}')
WINE = '{"alcohol":13.%03d,"malic_acid":1.%06d,"color_intensity":4.4}'
DELIVERY = '{"distance":%d.%06d,"vehicle":"bike"}'
"""Instances; the two numbers, below a thousand and below a million, make each another one."""

NAMED = ("--features", ",".join(NAMES))


@dataclass(frozen=True, slots=True)
class Example:
    """One format.

    Attributes:
        name: as tables show it.
        folder: the example's, in `examples`.
        model: what is served, below its folder.
        takes: modules and the distributions that they are in; the last is the library that computes.
        install: how to install what it takes.
        body: an instance as JSON, with the place of two numbers.
        options: of `foreseen serve`.
        code: the file beside the model that has its code, if the model itself does not.
        made_by: the module that makes the model of what the example trains, if the example does not.
    """

    name: str
    folder: str
    model: str
    takes: tuple[tuple[str, str], ...]
    install: str = "make install"
    body: str = FLOWER
    options: tuple[str, ...] = ()
    code: str = ""
    made_by: str = ""

    @property
    def missing(self) -> str:
        """What there is not, and how to install it; empty where it can be measured."""
        absent = [distribution for module, distribution in self.takes if find_spec(module) is None]
        return f"{self.name}, without {' and '.join(absent)} ({self.install})" if absent else ""

    @property
    def library(self) -> str:
        """The library that computes it, with its version."""
        return " ".join((self.takes[-1][1], version(self.takes[-1][1]))) if self.takes else "none"

    def bodies(self, run: int, count: int = KNOWN) -> list[str]:
        """Return instances, as no other run has them."""
        return [self.body % (run, number) for number in range(count)]

    def trained(self, folder: Path) -> Path:
        """Train the example in a copy of its own, and return its model."""
        here = folder / f"of-{self.model}"
        here.mkdir()
        for file in (EXAMPLES / self.folder).iterdir():
            if file.suffix in (".py", ".toml"):  # not what an earlier training has left
                shutil.copy(file, here)
        commands = [[str(here / "train.py")]] if (here / "train.py").exists() else []
        commands += [["-m", self.made_by, str(here)]] if self.made_by else []
        for command in commands:
            subprocess.run([sys.executable, *command], env=environment(), stdout=subprocess.DEVNULL, check=True)
        return here / self.model

    def serving(self, model: Path) -> list[str]:
        """Return the command that serves its model; a port is to follow."""
        code = ["--code", str(model.with_name(self.code))] if self.code else []
        return [FORESEEN, "serve", str(model), *self.options, *code]

    def calling(self, model: Path, bodies: Sequence[str]) -> list[str]:
        """Return the command that calls its library (`harness.formats.library_calls`)."""
        return [sys.executable, "-m", "harness.formats.library_calls", self.model, str(model), json.dumps(bodies)]


SKLEARN, SKOPS = ("sklearn", "scikit-learn"), ("skops", "skops")
LIGHTGBM, XGBOOST, CATBOOST = ("lightgbm", "lightgbm"), ("xgboost", "xgboost-cpu"), ("catboost", "catboost")
MLFLOW, SKL2ONNX, ONNX = ("mlflow", "mlflow-skinny"), ("skl2onnx", "skl2onnx"), ("onnxruntime", "onnxruntime")
TORCH, KERAS, TENSORFLOW = ("torch", "torch"), ("keras", "keras"), ("tensorflow", "tensorflow-cpu")
TENSORS = "make test-formats installs it"

FORMATS = (
    Example("joblib: a forest of 100 trees", "iris", "model.joblib", (SKLEARN,)),
    Example("skops: a logistic regression", "skops", "model.skops", (SKOPS, SKLEARN)),
    Example("LightGBM: 20 rounds", "lightgbm", "model.txt", (LIGHTGBM,), body=WINE),
    Example("XGBoost: 20 rounds", "xgboost", "model.ubj", (XGBOOST,)),
    Example(
        "CatBoost: 20 trees, a text",
        "catboost",
        "model.cbm",
        (CATBOOST,),
        "make test-boosters installs it",
        SIZED_FLOWER,
    ),
    Example(
        "MLflow: a logistic regression",
        "mlflow",
        "flowers",
        (MLFLOW, SKOPS, SKLEARN),
        "pip install mlflow-skinny skops",
    ),
    Example("ONNX: a logistic regression", "onnx", "model.onnx", (SKL2ONNX, ONNX), options=NAMED),
    Example("PyTorch .pt2: a network", "torch", "model.pt2", (TORCH,), TENSORS),
    Example(
        "TorchScript: the same network",
        "torch",
        "model.pt",
        (TORCH,),
        TENSORS,
        options=NAMED,
        made_by="harness.formats.torch_script",
    ),
    Example("PyTorch's weights: a network", "torch_module", "weights.pt", (TORCH,), TENSORS, code="net.py"),
    Example("Keras: a network", "keras", "model.keras", (TORCH, KERAS), TENSORS, options=NAMED),
    Example("TensorFlow SavedModel: a network", "tensorflow", "model", (KERAS, TENSORFLOW), TENSORS),
    Example("code of one's own", "own_model", "delivery.py", (), body=DELIVERY),
)

OTHERS = frozenset({"digits"})
"""Examples whose format another example has."""


def not_measured(examples: Path = EXAMPLES) -> list[str]:
    """Name the formats that are not measured: their library is missing, or their example has no line above."""
    folders = {path.parent.name for path in examples.glob("*/*.py")}
    unknown = sorted(folders - {example.folder for example in FORMATS} - OTHERS)
    return [
        *(example.missing for example in FORMATS if example.missing),
        *(f"{folder}, whose example is not among those of harness/formats/examples.py" for folder in unknown),
    ]
