"""Models that code makes: a class, a function or an instance in a module, and a file with `load`."""

import json
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.own_code.isolated_load import free_withdrawn
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.ports import Predictor
from support.loaded_models import sent
from support.models import iris_forest, iris_logistic, save

CODE = """
import numpy as np
from ownhelp import FACTOR

class Doubling:
    n_features_in_ = 1
    factor = FACTOR

    def predict(self, rows):
        return [row[0] * self.factor for row in rows.tolist()]

    class Inner:
        n_features_in_ = 1

        def predict(self, rows):
            return np.asarray(rows)[:, 0] - 1

def doubled(rows):
    return rows[:, 0] * FACTOR
doubled.n_features_in_ = 1

class Called:
    n_features_in_ = 1

    def __call__(self, rows):
        return rows[:, 0] * FACTOR

called = Called()
made = Doubling()
"""
MEANT = {
    "owncode:Doubling": 6.0,
    "owncode:doubled": 6.0,
    "owncode:made": 6.0,
    "owncode:made.predict": None,
    "owncode:called": 6.0,
    "owncode:Called": 6.0,
    "owncode:Doubling.Inner": 2.0,
    "ownpack.inside:Doubling": 6.0,
    "ownpack:inside.Doubling": 6.0,
    "owncode.py:Doubling": 6.0,
    "ownload.py": 6.0,
}
"""Names of models, and what they answer to 3; None for one that says nothing of its features."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with code, which is importable only as far as a load makes it so."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    put(tmp_path / "ownhelp.py", "FACTOR = 2\n")
    put(tmp_path / "owncode.py", CODE)
    put(tmp_path / "ownpack" / "__init__.py", "from ownpack import inside\n")
    put(tmp_path / "ownpack" / "inside.py", CODE)
    put(tmp_path / "ownload.py", "def load():\n    from owncode import Doubling\n    return Doubling()\n")
    yield tmp_path
    free_withdrawn()


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def load(model: str, **options: Any) -> Predictor:
    return load_predictor(Path(model), **options)


def rejection(model: str, **options: Any) -> str:
    with pytest.raises(ModelUnavailableError) as caught:
        load(model, **options)
    said = str(caught.value)
    assert "\n" not in said
    return said


@pytest.mark.parametrize("model", MEANT)
def test_a_name_means_a_class_a_function_or_an_instance(model: str, folder: Path) -> None:
    answer = MEANT[model]
    predictor = load(model, features=None if answer else ["a"])

    assert sent(predictor, {predictor.info.signature.features[0].name: 3}) == [answer or 6.0]
    assert predictor.info.loaded_from.runs_code
    assert predictor.info.loaded_from.is_own_code


@pytest.mark.parametrize("model", ["owncode:Doubling", "owncode:doubled", "owncode.py:Doubling", "ownload.py"])
@pytest.mark.parametrize("changed", ["owncode.py", "ownhelp.py"])
def test_changed_code_is_another_model(model: str, changed: str, folder: Path) -> None:
    old, same = load(model), load(model)
    text = (folder / changed).read_text()
    put(
        folder / changed, text.replace("FACTOR = 2", "FACTOR = 5").replace("import FACTOR", "import FACTOR; FACTOR = 5")
    )

    new = load(model)

    assert (sent(old, {"x0": 3}), sent(new, {"x0": 3})) == ([6.0], [15.0])
    assert old.info == same.info
    assert new.info.fingerprint != old.info.fingerprint


def test_an_own_module_called_labels_counts_beside_the_labels_of_a_booster(folder: Path) -> None:
    code = "import labels, lightgbm\ndef load(): return lightgbm.Booster(model_str=labels.TEXT)\n"
    put(folder / "ownbooster.py", code)
    made = []
    for targets in ([0, 1] * 20, [1, 0] * 20):
        rows = np.array(targets)[:, None] + np.arange(40.0)[:, None] / 100
        booster = lightgbm.train(
            {"objective": "binary", "verbose": -1, "min_data_in_leaf": 1}, lightgbm.Dataset(rows, [0, 1] * 20), 3
        )
        put(folder / "labels.py", f"TEXT = {booster.model_to_string()!r}\n")
        made.append(load("ownbooster.py"))

    assert [sent(each, {"x0": 0.1}) for each in made] == [["0"], ["1"]]
    assert made[0].info.fingerprint != made[1].info.fingerprint


def test_each_name_in_a_module_is_a_model_of_its_own(folder: Path) -> None:
    models = ["owncode:Doubling", "owncode:doubled", "owncode.py:Doubling", "owncode.py:doubled"]

    assert len({load(model).info.fingerprint for model in models}) == len(models)


def test_a_file_of_another_name_is_the_same_model(folder: Path) -> None:
    before = load("ownload.py").info.fingerprint
    (folder / "ownload.py").rename(folder / "other.py")

    assert load("other.py").info.fingerprint == before


def test_a_file_that_exists_is_not_taken_for_a_name(folder: Path) -> None:
    save(iris_forest(2), folder).rename(folder / "owncode:Doubling")

    assert load("owncode:Doubling").info.loaded_from.name == "pickle"


def test_code_beside_a_file_and_beside_a_script_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    put(elsewhere / "owncode.toml", 'takes = "dicts"\n')

    assert sent(load("../ownload.py"), {"x0": 3}) == [6.0]
    assert sent(load("owncode:Doubling", code=folder / "ownhelp.py"), {"x0": 3}) == [6.0]


def test_each_model_has_the_modules_beside_its_own_file(tmp_path: Path) -> None:
    for factor in (1, 2, 3):
        folder = tmp_path / f"run{factor}"
        folder.mkdir()
        (folder / "ownfactor.py").write_text(f"FACTOR = {factor}\n")
        (folder / "model.py").write_text(
            "from ownfactor import FACTOR\n\ndef load():\n    return Times()\n\n"
            "class Times:\n    n_features_in_ = 1\n    def predict(self, rows):\n        return rows[:, 0] * FACTOR\n"
        )

    answers = {}
    for factor in (1, 2, 1, 3, 2):
        predictor = load_predictor(tmp_path / f"run{factor}" / "model.py", rows_per_call=0)
        answers[predictor.info.fingerprint] = factor
        assert sent(predictor, {"x0": 10}) == [10.0 * factor]

    assert sorted(answers.values()) == [1, 2, 3]


def test_the_sidecar_beside_the_code_describes_the_model(folder: Path) -> None:
    put(folder / "owncode.toml", '[[features]]\nname = "weight"\n[fingerprint]\nfiles = ["table.csv"]\n')
    put(folder / "table.csv", "1")
    one = load("owncode:Doubling")
    put(folder / "table.csv", "2")
    other = load("owncode.py:Doubling"), load("owncode:Doubling")

    assert [each.info.signature.features[0].name for each in (one, *other)] == ["weight"] * 3
    assert one.info.fingerprint != other[1].info.fingerprint


def test_what_is_decided_is_kept_beside_the_code(folder: Path) -> None:
    load("owncode:Doubling")
    load("ownload.py")

    assert (
        sorted(path.name for path in folder.glob("*.json")) == ["ownload.py.calls.json", "owncode.py.calls.json"][::-1]
    )


BEHIND = {
    "a value of the module": "WEIGHTS = np.array([0.5, 1.5])\ndef model(rows): return rows @ WEIGHTS\n",
    "a value of another module": "import ownweights\ndef model(rows): return rows @ ownweights.WEIGHTS\n",
    "a model that was saved": (
        "import joblib\nFITTED = joblib.load('fitted.joblib')\ndef model(rows): return FITTED.predict(rows)\n"
    ),
    "an enclosing function": "def made(weights):\n    return lambda rows: rows @ weights\nmodel = made(np.ones(2))\n",
    "a class": (
        "class Own:\n    WEIGHTS = np.ones(2)\n    def predict(self, rows): return rows @ self.WEIGHTS\nmodel = Own()\n"
    ),
    "made at the first call": (
        "KEPT = {}\ndef model(rows):\n    return rows @ KEPT.setdefault('weights', np.array([0.5, 1.5]))\n"
    ),
}


@pytest.mark.parametrize("name", BEHIND)
def test_weights_that_code_refers_to_decide_how_it_is_called(name: str, folder: Path) -> None:
    """Their products round differently in batches of other sizes, in too few rows to be found by a few calls."""
    put(folder / "ownmatrix.py", f"import numpy as np\n{BEHIND[name]}model_of_two = model\n")
    put(folder / "ownweights.py", "import numpy as np\nWEIGHTS = np.array([0.5, 1.5])\n")
    save(iris_logistic(), folder, "fitted.joblib")
    features = ["a", "b", "c", "d"] if "saved" in name else ["a", "b"]

    assert load("ownmatrix:model", features=features).info.call_size.fixed == 32


def test_a_forest_that_code_refers_to_computes_on_one_thread(folder: Path) -> None:
    save(iris_forest(2), folder, "fitted.joblib")
    put(
        folder / "ownforest.py",
        "import joblib\nFITTED = joblib.load('fitted.joblib')\n"
        "def model(rows):\n    return [FITTED.n_jobs] * len(rows)\n",
    )

    predictor = load("ownforest:model", features=["a"])

    assert sent(predictor, {"a": 1}) == [1]


def test_a_file_is_pinned_by_its_digest(folder: Path) -> None:
    path = folder / "ownload.py"
    path.chmod(0o666)
    digest = sha256(path.read_bytes()).hexdigest()

    assert sent(load("ownload.py", sha256=digest), {"x0": 3}) == [6.0]
    assert "every user may too" in rejection("ownload.py")
    assert "expected SHA-256 000" in rejection("ownload.py", sha256="0" * 64)


def test_a_digest_does_not_pin_a_module(folder: Path) -> None:
    said = rejection("owncode:Doubling", sha256="0" * 64)

    assert said.startswith("owncode:Doubling: expected no model_sha256 for a module")
    assert said.endswith(f"try: {folder / 'owncode.py'}:Doubling")


@pytest.mark.parametrize("model", ["owncode:Doubling", "owncode.py:Doubling", "ownload.py"])
def test_code_that_others_may_change_is_not_executed(model: str, folder: Path) -> None:
    (folder / "ownhelp.py").write_text("raise SystemExit\n")
    (folder / "ownhelp.py").chmod(0o666)

    assert "ownhelp.py: expected a module that only you may write to" in rejection(model)


WRONG = {
    "no such module": ("ownnowhere:Model", "expected a file of this name, or module 'ownnowhere' in the working direc"),
    "no such part": ("ownpack.nowhere:Model", "module 'ownpack.nowhere'"),
    "no part of a module": ("owncode.nowhere:Model", "module 'owncode.nowhere'"),
    "no such name": (
        "owncode:Dubling",
        "expected the name Dubling in module owncode, got no such name; did you mean 'D",
    ),
    "no such attribute": ("owncode:Doubling.Outer", "expected the name Outer in <class 'owncode.Doubling'>, got no su"),
    "no attribute of what is shown in lines": (
        "ownwrong:lines.inside",
        "expected the name inside in one two, got no such name; it has ",
    ),
    "no such name in a file": (
        "owncode.py:Dubling",
        "expected the name Dubling in the file, got no such name; did you",
    ),
    "no such file": ("ownnowhere.py", "expected a model file, got no such file"),
    "no such file of a name": ("ownnowhere.py:Model", "ownnowhere.py: expected a model file, got no such file"),
    "a module for a file": ("owncode", "expected a model file, got no such file; did you mean 'owncode.py'?"),
    "a dot for a colon": ("owncode.Doubling", "got no such file; did you mean 'owncode.py:Doubling'?"),
    "a folder of a module": ("ownpack/inside:Doubling", "got no such file; did you mean 'ownpack/inside.py:Doubling'?"),
    "another spelling": ("owncoed.py", "got no such file; did you mean 'owncode.py'?"),
    "a module": ("ownpack:inside", "expected a model, an object with a predict method, got the module ownpack.inside"),
    "a number": ("ownhelp:FACTOR", "expected a model, an object with a predict method, got int"),
    "the program itself": ("__main__:Model", "expected a module that can be imported again, got the program that runs"),
    "an argument": ("ownwrong:Argument", "got Argument(path): missing a required argument: 'path'"),
    "no predict": ("ownwrong:NoPredict", "expected a class with a method predict, got NoPredict, which has fit"),
    "a class that raises": ("ownwrong:Raising", "expected Raising() to return a model, got ValueError: two lines"),
    "a class that exits": ("ownwrong:Exiting", "expected Exiting() to return a model, got SystemExit: 3"),
    "no arguments": ("ownwrong:none", "expected a function that is called with the rows alone, got none(): too many"),
    "what makes a model": (
        "ownload.py:load",
        "; if it returns the model, try: call it load(), and name its file alone",
    ),
    "two arguments": ("ownwrong:two", "got two(a, b): missing a required argument: 'b'"),
    "predict of two": (
        "ownwrong:Two",
        "expected a method predict that is called with the rows alone, got Two.predict(",
    ),
    "async": ("ownwrong:waits", "expected a function that returns its answers, got waits, which is async"),
    "a class that exits where it is set up": (
        "ownwrong:EndingAtJobs",
        "expected a model that can be loaded: SystemExit: 4",
    ),
    "an attribute that an estimator lacks": (
        "ownlacking:Model",
        "the model failed in predict: AttributeError: 'LinearRegression' object has no attribute 'weights'",
    ),
    "nothing said": ("ownwrong:silent", "expected silent to say what it takes (n_features_in_); name its features by"),
    "a module that raises": ("ownraises:Model", "expected module ownraises to run to its end when it is imported"),
    "a module that exits": ("ownexits:Model", "got SystemExit"),
    "no Python": ("ownbroken:Model", "got SyntaxError"),
    "no Python in a file": ("ownbroken.py", "expected the file to run to its end when it is imported (what trains"),
    "a library that is missing": (
        "ownimports:Model",
        "expected module 'lifelines', which the model needs, got none",
    ),
    "a file without load": ("owncode.py", "got none; try: name what it is: owncode.py:Doubling"),
    "a file without a model": (
        "ownhelp.py",
        "expected a function load(), which returns the model, in the file",
    ),
    "an empty file": ("ownempty.py", "got an empty file"),
    "load that raises": ("ownfails.py", "expected load() to return a model, got KeyError: 'weights'"),
    "load that returns nothing": ("ownnone.py", "expected a model, an object with a predict method, got None"),
    "load that returns a class": ("ownclass.py", "got the class Model itself; try: return Model()"),
    "load of an argument": (
        "ownargument.py",
        "expected a function that is called without arguments, load()",
    ),
    "load that lacks a library": ("ownlacks.py", "expected module 'lifelines', which the model needs"),
    "another file": ("owndata.py", "got a JSON document"),
}
FILES = {
    "ownwrong.py": """
class Argument:
    def __init__(self, path): pass
    def predict(self, rows): return rows
class NoPredict:
    def fit(self): pass
class Raising:
    def __init__(self): raise ValueError("two\\nlines")
    def predict(self, rows): return rows
class Exiting(Raising):
    def __init__(self): raise SystemExit(3)
class Two:
    def predict(self, rows, more): return rows
class Lines:
    def __init__(self): self.kept = 1
    def __repr__(self): return "one\\n   two"
lines = Lines()
class EndingAtJobs:
    n_features_in_ = 1
    n_jobs = 2
    def __setattr__(self, name, value): raise SystemExit(4)
    def predict(self, rows): return rows
def none(): return []
def two(a, b): return a
async def waits(rows): return rows
def silent(rows): return rows
""",
    "ownlacking.py": """
from sklearn.linear_model import LinearRegression
class Model:
    n_features_in_ = 1
    def predict(self, rows): return rows @ LinearRegression().weights
""",
    "ownraises.py": "raise RuntimeError('out of order')\n",
    "ownexits.py": "raise SystemExit\n",
    "ownbroken.py": "class Model\n",
    "ownimports.py": "import lifelines\n",
    "ownempty.py": "",
    "ownfails.py": "def load():\n    raise KeyError('weights')\n",
    "ownnone.py": "def load():\n    pass\n",
    "ownclass.py": "class Model:\n    def predict(self, rows): return rows\ndef load():\n    return Model\n",
    "ownargument.py": "def load(path):\n    pass\n",
    "ownlacks.py": "def load():\n    import lifelines\n",
    "owndata.py": '{"a": 1}\n',
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_model_is_rejected_in_one_line(name: str, folder: Path) -> None:
    for file, text in FILES.items():
        put(folder / file, text)
    model, expected = WRONG[name]

    said = rejection(model)

    assert said.startswith(f"{model.partition('.py:')[0]}")
    assert expected in said


TRAINING = """
import pathlib
class Model:
    def predict(self, rows): return rows
pathlib.Path("trained.txt").write_text("again")
fitted = Model()
"""
DEFINED_LATE = {
    "imported": "from ownload import load\n",
    "imported under another name": "from ownmaker import make as load\n",
    "imported with all": "from ownload import *\n",
    "assigned": "from ownmaker import make\nload = make\n",
    "within a branch": "import ownmaker\nif True:\n    def load():\n        return ownmaker.make()\n",
    "among globals": "import ownmaker\nglobals()['load'] = ownmaker.make\n",
    "executed": "exec('from ownmaker import make as load')\n",
    "on request": "import ownmaker\ndef __getattr__(name):\n    return {'load': ownmaker.make}[name]\n",
    "in a pattern": "import ownmaker\nmatch ownmaker.make:\n    case load:\n        pass\n",
}


@pytest.mark.parametrize(
    ("model", "advice"),
    [
        ("owntrain.py", "got none; try: name what it is: owntrain.py:Model"),
        ("owntrain.py:Modle", "expected the name Modle in the file, got no such name; did you mean 'Model'?"),
        ("owntrain.py:predictor", "got no such name; it has Model, fitted"),
    ],
)
def test_a_script_without_the_model_is_not_executed(model: str, advice: str, folder: Path) -> None:
    put(folder / "owntrain.py", TRAINING)

    assert advice in rejection(model)
    assert not (folder / "trained.txt").exists()


@pytest.mark.parametrize("how", DEFINED_LATE)
def test_load_may_be_defined_in_any_way(how: str, folder: Path) -> None:
    put(folder / "ownmaker.py", "def make():\n    from owncode import Doubling\n    return Doubling()\n")
    put(folder / "ownlate.py", DEFINED_LATE[how])

    assert sent(load("ownlate.py"), {"x0": 3}) == [6.0]


def test_attributes_of_a_function_describe_its_answers(folder: Path) -> None:
    put(
        folder / "ownlabels.py",
        "def model(frame):\n    return ['high' if value > 1 else 'low' for value in frame['a']]\n"
        "def predict_proba(frame):\n    return [[0.25, 0.75] for _ in range(len(frame))]\n"
        "model.feature_names_in_ = ['a']\nmodel.classes_ = ['low', 'high']\nmodel.predict_proba = predict_proba\n",
    )

    predictor = load("ownlabels:model", outputs=("predict", "predict_proba"))

    assert predictor.info.signature.kind == "classification"
    (body,) = predictor.predict(probe_of(predictor)).encode().bodies
    assert json.loads(body)["probabilities"] == {"low": 0.25, "high": 0.75}


def probe_of(predictor: Predictor) -> Any:
    from foreseen.domain.values.probe import probe_batch  # noqa: PLC0415

    return probe_batch(predictor.info.signature, 1)


def test_a_class_that_only_transforms_is_served_by_that(folder: Path) -> None:
    put(
        folder / "ownscaler.py",
        "class Scaler:\n    n_features_in_ = 1\n    def transform(self, rows): return rows / 2\n",
    )

    predictor = load("ownscaler:Scaler", outputs=("transform",))

    assert predictor.predict(probe_of(predictor)).encode()
    assert "expected a class with a method predict, got Scaler, which has transform" in rejection("ownscaler:Scaler")


def test_a_script_that_trains_under_its_guard_is_a_model_as_well(folder: Path) -> None:
    put(folder / "owntrain.py", CODE + 'if __name__ == "__main__":\n    raise SystemExit("trained")\n')

    assert sent(load("owntrain.py:Doubling"), {"x0": 3}) == [6.0]
    assert subprocess.run([sys.executable, "owntrain.py"], cwd=folder, capture_output=True, check=False).returncode == 1


RECORDS = """
def model(rows):
    return [row["a"] + row.get("b", 0) for row in rows]
"""


@pytest.mark.parametrize("takes", ["records", "dicts"])
def test_a_sidecar_declares_records(takes: str, folder: Path) -> None:
    put(folder / "ownrecords.py", RECORDS)
    sidecar = f'takes = "{takes}"\n[[features]]\nname = "a"\n[[features]]\nname = "b"\nmissing = true\n'
    put(folder / "ownrecords.toml", sidecar)

    predictor = load("ownrecords:model")

    assert sent(predictor, {"a": 1, "b": 2}, {"a": 1}) == [3, 1]
    put(folder / "ownrecords.toml", sidecar.replace(f'takes = "{takes}"', ""))
    assert load("ownrecords:model").info.fingerprint == predictor.info.fingerprint


def test_records_are_found_for_code_that_names_its_features(folder: Path) -> None:
    put(folder / "ownrecords.py", RECORDS + "model.feature_names_in_ = ['a', 'b']\n")

    assert load("ownrecords:model").info.model_input.takes == "dicts"


@pytest.mark.parametrize(
    "answers",
    ["return self", "return [1, 2]", "raise RuntimeError(name)", "return type('Jobs', (), {'__eq__': None})()"],
    ids=["itself", "a list", "an error", "what cannot be compared"],
)
def test_code_may_refer_to_what_answers_any_name(answers: str, folder: Path) -> None:
    put(
        folder / "ownany.py",
        f"""
class Anything:
    def __getattr__(self, name):
        {answers}

    def __bool__(self):
        raise TypeError("neither true nor false")

anything = Anything()

class Model:
    n_features_in_ = 1

    def predict(self, rows):
        return rows[:, 0] * (2 if anything is not None else 3)
""",
    )

    assert sent(load_predictor(Path("ownany:Model")), {"x0": 3.0}) == [6.0]
