"""Distributions: which one to install for a module that a model needs."""

import sys
from importlib import metadata
from typing import Final

_BY_MODULE: Final = {
    "Bio": "biopython",
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "feature_engine": "feature-engine",
    "imblearn": "imbalanced-learn",
    "mapie": "MAPIE",
    "sentence_transformers": "sentence-transformers",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "sklearn_extra": "scikit-learn-extra",
    "sklearn_pandas": "sklearn-pandas",
    "skopt": "scikit-optimize",
    "sksurv": "scikit-survival",
    "umap": "umap-learn",
    "yaml": "PyYAML",
}
"""Distributions whose name differs from their module's."""

_NAMESAKES: Final = frozenset(
    {
        "autogluon",
        "catboost",
        "category_encoders",
        "cloudpickle",
        "cuml",
        "dill",
        "fastai",
        "flaml",
        "gensim",
        "h2o",
        "hdbscan",
        "interpret",
        "jax",
        "keras",
        "lifelines",
        "lightgbm",
        "lightning",
        "lz4",
        "mlflow",
        "mlxtend",
        "ngboost",
        "nltk",
        "numba",
        "numpy",
        "onnxruntime",
        "pandas",
        "patsy",
        "pmdarima",
        "polars",
        "prophet",
        "pycaret",
        "pyod",
        "pytorch_lightning",
        "river",
        "scipy",
        "shap",
        "skops",
        "skorch",
        "spacy",
        "statsmodels",
        "tabpfn",
        "tensorflow",
        "thundersvm",
        "torch",
        "tpot",
        "transformers",
        "tslearn",
        "xgboost",
    }
)


def distribution_of(module: str) -> str | None:
    """Return the distribution of a well-known module; None for any other."""
    top = module.partition(".")[0]
    return _BY_MODULE.get(top) or (top.replace("_", "-") if top in _NAMESAKES else None)


def installed(module: str) -> str:
    """Return the name and version of the distribution of an importable module; empty for own modules."""
    top = module.partition(".")[0]
    names = [distribution_of(module), top] if top not in sys.stdlib_module_names else []
    for name in filter(None, names):
        try:
            return f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue
    return ""
