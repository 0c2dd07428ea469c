"""The families of models that have an engine, and the versions of their libraries with which it was tried."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from foreseen.adapters.predictor.boosters.native_classifier import booster_of
from foreseen.adapters.predictor.engines.boosting_engine import gradient_engine, histogram_engine
from foreseen.adapters.predictor.engines.forest_engine import forest_engine
from foreseen.adapters.predictor.engines.lightgbm_engine import booster_engine, lightgbm_engine
from foreseen.adapters.predictor.engines.tree_engine import NoEngineError, TreeEngine

ENGINE_VERSION: Final = "4.8.1"
"""Version of treelite. Only this one, although bits are compared at load: it reads the memory of other libraries."""


@dataclass(frozen=True, slots=True)
class _Family:
    """Classes with one engine.

    Attributes:
        package: the module that defines them.
        library, versions: the distribution, and the prefixes of its versions that were tried.
        build: returns the engine of a fitted model; raises NoEngineError.
    """

    package: str
    library: str
    versions: tuple[str, ...]
    build: Callable[[object], TreeEngine]


_SCIKIT_LEARN: Final = ("1.4.", "1.5.", "1.6.", "1.7.", "1.8.", "1.9.")
_FORESTS: Final = _Family("sklearn.ensemble._forest", "scikit-learn", _SCIKIT_LEARN, forest_engine)
_GRADIENT: Final = _Family("sklearn.ensemble._gb", "scikit-learn", _SCIKIT_LEARN, gradient_engine)
_HISTOGRAM: Final = _Family(
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting", "scikit-learn", _SCIKIT_LEARN, histogram_engine
)
_LIGHTGBM: Final = _Family("lightgbm.sklearn", "lightgbm", ("4.",), lightgbm_engine)
_LIGHTGBM_FILES: Final = _Family("lightgbm.basic", "lightgbm", ("4.",), booster_engine)

_FAMILIES: Final[Mapping[str, _Family]] = {
    "RandomForestClassifier": _FORESTS,
    "RandomForestRegressor": _FORESTS,
    "ExtraTreesClassifier": _FORESTS,
    "ExtraTreesRegressor": _FORESTS,
    "HistGradientBoostingClassifier": _HISTOGRAM,
    "HistGradientBoostingRegressor": _HISTOGRAM,
    "GradientBoostingClassifier": _GRADIENT,
    "GradientBoostingRegressor": _GRADIENT,
    "LGBMClassifier": _LIGHTGBM,
    "LGBMRegressor": _LIGHTGBM,
    "Booster": _LIGHTGBM_FILES,
}


def build_engine(trees: object) -> TreeEngine:
    """Return the engine of a fitted model.

    Raises:
        NoEngineError: its class is in no known family, its library or treelite has another version, or it has parts
            that no engine computes.
    """
    kind = type(booster_of(trees))
    family = _FAMILIES.get(kind.__name__)
    if family is None or kind.__module__ != family.package:
        raise NoEngineError(f"{kind.__qualname__} is of no family with an engine")
    _require_library_methods(kind)
    _require_tried_versions(family)
    try:
        return family.build(trees)
    except (ImportError, OSError) as exc:
        raise NoEngineError("treelite cannot be loaded here") from exc
    except NoEngineError:
        raise
    except Exception as exc:
        raise NoEngineError(f"treelite does not read it: {type(exc).__name__}") from exc


def _require_tried_versions(family: _Family) -> None:
    found = version(family.library)
    if not found.startswith(family.versions):
        raise NoEngineError(f"the engine was not tried with {family.library} {found}")
    try:
        engine = version("treelite")
    except PackageNotFoundError:
        raise NoEngineError("treelite is not installed") from None
    if engine != ENGINE_VERSION:
        raise NoEngineError(f"the engine was not tried with treelite {engine}")


def _require_library_methods(kind: type) -> None:
    """Raise NoEngineError if a method of a library's class was replaced by one that is not of the library."""
    library = kind.__module__.partition(".")[0]
    for name in ("predict", "predict_proba", "decision_function"):
        method = inspect.getattr_static(kind, name, None)
        if method is not None and str(getattr(method, "__module__", library)).partition(".")[0] != library:
            raise NoEngineError(f"its {name} was replaced")
