"""What is served: models and versions in a folder, tables of models, and how a wrong value is worded."""

from pathlib import Path

import pytest

from foreseen.domain.errors import ModelUnavailableError
from foreseen.settings import Settings, SettingsError
from foreseen.settings.fleet.fleet_plan import FleetPlan
from foreseen.settings.fleet.model_layout import ModelKinds
from foreseen.settings.fleet.plan_fleet import plan_of

KINDS = ModelKinds(
    is_folder=lambda path: (path / "MLmodel").is_file(),
    is_file=lambda path: ".joblib" in path.name or path.suffix == ".onnx",
)


def put(root: Path, *places: str) -> Path:
    for place in places:
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return root


def config_of(folder: Path, toml: str) -> Path:
    path = folder / "foreseen.toml"
    path.write_text(toml, encoding="utf-8")
    return path


def planned(model: Path | None, config: Path | None = None, **given: object) -> FleetPlan | Settings:
    flags = given if model is None else {"model": model, **given}
    return plan_of(Settings.load(config, flags), config, KINDS)


def fleet(model: Path | None, config: Path | None = None, **given: object) -> FleetPlan:
    plan = planned(model, config, **given)
    assert isinstance(plan, FleetPlan)
    return plan


def shown(plan: FleetPlan, root: Path) -> dict[str, dict[str, str]]:
    return {
        name: {version: str(each.path.relative_to(root)) for version, each in model.versions.items()}
        for name, model in plan.models.items()
    }


def alone(plan: FleetPlan | Settings) -> Path | None:
    assert isinstance(plan, Settings)
    return plan.model


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def test_a_file_is_one_model(root: Path) -> None:
    put(root, "iris.joblib", "wine.joblib")

    assert alone(planned(root / "iris.joblib")) == root / "iris.joblib"


def test_a_folder_that_is_a_model_stays_one(root: Path) -> None:
    put(root, "MLmodel", "model.joblib", "other.joblib")

    assert alone(planned(root)) == root


@pytest.mark.parametrize("others", [[], ["iris.toml", "README.md"], [".hidden/x.joblib"], ["data/rows.csv"]])
def test_the_only_model_file_of_a_folder_is_the_model(root: Path, others: list[str]) -> None:
    put(root, "iris.joblib", *others)

    plan = planned(root)

    assert alone(plan) == root / "iris.joblib"
    assert isinstance(plan, Settings)
    assert plan.model_name == "iris"


@pytest.mark.parametrize("places", [[], ["notes.txt"], ["code/module.py"]])
def test_a_folder_without_models_is_left_to_the_loader(root: Path, places: list[str]) -> None:
    put(root, *places)

    assert alone(planned(root)) == root


def test_each_entry_of_a_folder_is_a_model(root: Path) -> None:
    put(
        root,
        "iris.joblib",
        "wine.joblib.gz",
        "churn/MLmodel",
        "fraud/3/model.joblib",
        "fraud/10.joblib",
        "notes.md",
        "data/x.csv",
    )

    plan = fleet(root)

    assert shown(plan, root) == {
        "churn": {"1": "churn"},
        "fraud": {"10": "fraud/10.joblib"},
        "iris": {"1": "iris.joblib"},
        "wine": {"1": "wine.joblib.gz"},
    }
    assert plan.ignored == ["data/", "notes.md"]
    assert plan.default_model is None


def test_a_folder_of_numbers_is_one_model_with_versions(root: Path) -> None:
    put(root, "3/model.joblib", "10/rf.joblib")

    assert shown(fleet(root), root) == {"models": {"10": "10/rf.joblib"}}


@pytest.mark.parametrize("file", ["iris/model.joblib", "iris/iris.joblib"])
def test_a_file_named_like_its_folder_names_no_version(root: Path, file: str) -> None:
    put(root, file, "wine.joblib")

    assert shown(fleet(root), root)["iris"] == {"1": file}


def test_the_greatest_number_is_the_latest(root: Path, tmp_path: Path) -> None:
    put(root, "iris/9.joblib", "iris/10.joblib", "iris/2.joblib", "wine.joblib")

    assert fleet(root).models["iris"].default == "10"
    every = fleet(root, config_of(tmp_path, '[models.iris]\nversions = "all"')).models["iris"]
    assert (set(every.versions), every.default) == ({"2", "9", "10"}, "10")


@pytest.mark.parametrize("names", [["v9", "v10"], ["2024-07", "2024-08"], ["3", "03"], ["1.5", "2"]])
def test_the_latest_of_other_versions_has_to_be_named(root: Path, names: list[str]) -> None:
    put(root, *(f"iris/{name}.joblib" for name in names), "wine.joblib")

    with pytest.raises(
        SettingsError, match=r"^models\.iris\.default: expected a version, since not all of .* are whole"
    ):
        planned(root)


def test_a_default_or_an_alias_says_which_version_answers(root: Path, tmp_path: Path) -> None:
    put(root, "iris/v9.joblib", "iris/v10.joblib", "iris/v11.joblib", "wine.joblib")
    by_default = fleet(root, config_of(tmp_path, '[models.iris]\ndefault = "v10"\naliases = {old = "v9"}'))
    by_alias = fleet(root, config_of(tmp_path, '[models.iris]\naliases = {champion = "v9"}'))
    through_alias = fleet(
        root, config_of(tmp_path, '[models.iris]\ndefault = "@next"\naliases = {champion = "v9", next = "v11"}')
    )

    seen = [
        (plan.models["iris"].default, sorted(plan.models["iris"].versions))
        for plan in (by_default, by_alias, through_alias)
    ]
    assert seen == [("v10", ["v10", "v9"]), ("v9", ["v9"]), ("v11", ["v11", "v9"])]


def test_what_a_table_leaves_out_is_inherited(root: Path, tmp_path: Path) -> None:
    put(root, "iris/3.joblib", "wine.joblib")
    config = config_of(tmp_path, 'ttl = "5m"\nmax_rows = 7\n[models.iris]\nttl = "1h"\noutputs = "predict_proba"')

    plan = fleet(root, config)
    iris, wine = plan.models["iris"].versions["3"].settings, plan.models["wine"].versions["1"].settings

    assert (iris.ttl, iris.max_rows, iris.outputs, iris.model_name) == (3600.0, 7, ("predict_proba",), "iris")
    assert (wine.ttl, wine.max_rows, wine.outputs, wine.model_name) == (300.0, 7, ("predict",), "wine")


def test_tables_alone_say_what_is_served(root: Path, tmp_path: Path) -> None:
    put(root, "a.joblib", "b/1.joblib", "b/2.joblib")
    config = config_of(
        tmp_path,
        f'default_model = "b"\n[models.a]\npath = "{root}/a.joblib"\n'
        f'[models.b]\npath = "{root}/b"\nversions = [1, "2"]',
    )

    plan = fleet(None, config)

    assert shown(plan, root) == {"a": {"1": "a.joblib"}, "b": {"1": "b/1.joblib", "2": "b/2.joblib"}}
    assert plan.default_model == "b"


def test_other_commands_leave_the_tables_alone(tmp_path: Path) -> None:
    assert Settings.load(config_of(tmp_path, "port = 9\n[models.iris]\nttl = 1"), {}).port == 9


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("models = 3", "models: expected tables such as [models.iris], got 3"),
        ("[models]\niris = 3", "models.iris: expected a table such as [models.iris], got 3"),
        ('[models."a b"]\npath = "x"', "models: expected names of up to 64 letters, digits"),
        ("[models.iris]\nversion = 3", "models.iris.version: expected a key of a model; did you mean 'versions'?"),
        (
            "[models.iris]\nport = 3",
            "models.iris.port: expected a key of a model; this setting is one of the whole service",
        ),
        ("[models.iris]\nttl = 3", "models.iris.ttl: expected a duration with its unit, such as 3ms or 3s, got 3"),
        (
            '[models.iris]\ncache = "lur"',
            "models.iris.cache: expected 'none', 'lru', 'redis', 'tiered' or 'auto', got 'lur'",
        ),
        ("[models.iris]\npath = 3", "models.iris.path: expected the path of a model or of a folder of versions, got 3"),
        (
            '[models.wine]\nttl = "1h"',
            "models.wine.path: expected the path of the model, got none; the folder has iris, old",
        ),
        ('[models.iris]\nversions = "newest"', 'models.iris.versions: expected "latest", "all" or a list'),
        ("[models.iris]\nversions = []", 'models.iris.versions: expected "latest", "all" or a list'),
        ("[models.iris]\nversions = [3, 3]", 'models.iris.versions: expected "latest", "all" or a list'),
        ("[models.iris]\nversions = [4]", "models.iris.versions[0]: expected one of 3, 5, got 4"),
        ("[models.iris]\nversions = [true]", "models.iris.versions: expected a version of up to 64 letters"),
        ("[models.iris]\ndefault = 4", "models.iris.default: expected one of 3, 5, got 4"),
        ("[models.iris]\ndefault = true", "models.iris.default: expected a version of up to 64 letters"),
        ('[models.iris]\ndefault = "@best"', "models.iris.default: expected an alias of "),
        (
            "[models.iris]\nversions = [3]\ndefault = 5",
            "models.iris.default: expected one of the served versions 3, got 5",
        ),
        ("[models.iris]\naliases = {best = 4}", "models.iris.aliases.best: expected one of 3, 5, got 4"),
        ("[models.iris]\naliases = {5 = 3}", "models.iris.aliases: expected a name that is no version, got 5"),
        ("[models.iris]\naliases = 3", "models.iris.aliases: expected versions by alias"),
        ('default_model = "irs"', "default_model: expected a model that is served, got 'irs'; did you mean 'iris'?"),
        ('name = "mine"', "name: expected in a table such as [models.iris], since several models are served"),
    ],
)
def test_a_wrong_value_is_one_line_with_its_table_and_key(root: Path, tmp_path: Path, toml: str, said: str) -> None:
    put(root, "iris/3.joblib", "iris/5.joblib", "old.joblib")

    with pytest.raises(SettingsError) as caught:
        planned(root, config_of(tmp_path, toml))

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (["iris.joblib", "iris.onnx"], "iris.onnx: expected another name than that of "),
        (["iris/3.joblib", "iris/3/model.joblib", "wine.joblib"], "iris/3.joblib: expected another name than that of "),
        (
            ["iris/3/a.joblib", "iris/3/b.joblib", "wine.joblib"],
            "iris/3: expected one model in the folder of a version, got a.joblib, b.joblib",
        ),
        (["my model.joblib", "wine.joblib"], "my model.joblib: expected a name of up to 64 letters"),
        (["iris/v 1.joblib", "iris/v2.joblib", "wine.joblib"], "v 1.joblib: expected a name of up to 64 letters"),
    ],
)
def test_an_ambiguous_folder_is_one_line_with_its_path(root: Path, places: list[str], said: str) -> None:
    put(root, *places)

    with pytest.raises(ModelUnavailableError) as caught:
        planned(root)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_digest_cannot_be_that_of_several_versions(root: Path, tmp_path: Path) -> None:
    put(root, "iris/3.joblib", "iris/5.joblib", "old.joblib")
    config = config_of(tmp_path, f'[models.iris]\nversions = "all"\nmodel_sha256 = "{"0" * 64}"')

    with pytest.raises(SettingsError, match="model_sha256: expected one version"):
        planned(root, config)
