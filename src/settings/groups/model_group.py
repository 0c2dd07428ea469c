"""ModelGroup: the settings of the model: which it is, what it takes and answers, and how it is called."""

import re
from functools import partial
from pathlib import Path
from typing import Final, Literal

from foreseen.settings.groups.setting_group import SettingGroup, setting
from foreseen.settings.setting_values import NAME, DigestOrFile, Outputs, Whole, Words

_setting: Final = partial(setting, "Model")


class ModelGroup(SettingGroup):
    """The settings of the model: which it is, what it takes and answers, and how it is called."""

    model: Path | None = _setting(
        None,
        "Model file: of joblib, pickle, skops, LightGBM, XGBoost, CatBoost, ONNX, PyTorch, Keras; a folder of MLflow "
        "or TensorFlow; a Python file with load(); or MODULE:NAME of a class or function.",
        shown="FILE",
    )
    name: str | None = _setting(
        None,
        "Name of the model in keys, logs and /model. (default: the file's name)",
        shown="NAME",
        pattern=NAME,
    )
    features: Words | None = _setting(
        None,
        "Names of the features, in order. (default: from the sidecar, else from the model, else x0,x1,…)",
        shown="A,B,…",
    )
    missing: Words | None = _setting(
        None,
        "Names of features that may be missing, in addition to those that the sidecar or the model declares.",
        shown="A,B,…",
    )
    sidecar: Path | None = _setting(
        None,
        "TOML file that describes the features. (default: the one beside the model, model.toml for model.joblib)",
        shown="FILE",
    )
    code: Path | None = _setting(
        None,
        "Python script that defines the model's classes, if the model was saved by running that script; or the module "
        'of weights that torch.save wrote. Its code that trains and saves must be under: if __name__ == "__main__".',
        shown="FILE",
    )
    outputs: Outputs = _setting(
        ("predict",),
        "Outputs of the model to predict, such as predict,predict_proba or decision_function.",
        shown="A,B",
    )
    model_sha256: DigestOrFile | None = _setting(
        None,
        "SHA-256 that the model file or folder must have, or a file that contains it and is read at each load.",
        shown="HEX|FILE",
    )
    rows_per_call: Whole | None = _setting(
        None,
        "Number of rows in each model call, 0 for any. (default: any, unless predictions depend on it)",
        shown="N",
        ge=0,
        le=65536,
    )
    model_threads: Whole = _setting(
        1,
        "Threads of the model's libraries (OpenMP, BLAS). More may change the last bits of predictions.",
        shown="N",
        ge=1,
        le=1024,
    )
    model_engine: Literal["auto", "library"] = _setting(
        "auto",
        "auto: compute small calls of tree models by an engine if it has the library's bits; library: never.",
        shown="auto|library",
    )
    trusted_types: Words = _setting(
        (),
        "Types that a skops file may contain besides those that skops trusts, such as mycode.Model. Their code runs.",
        shown="A,B,…",
    )

    @property
    def model_name(self) -> str:
        """The name, or one derived from the file's name, or from MODULE:NAME."""
        written = self.model.name if self.model else ""
        stem = written if ":" in written and ".py:" not in written else written.split(".")[0]
        return self.name or re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64] or "model"
