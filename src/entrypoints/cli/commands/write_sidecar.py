"""`foreseen inspect --write-sidecar`: what was found about a model, written to a sidecar."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import TextIO

import typer

from foreseen.domain.errors import ModelUnavailableError, UnwritableError
from foreseen.domain.ports import Predictor
from foreseen.entrypoints.cli.commands.inspect_model import show
from foreseen.entrypoints.cli.process.command_log import start_logging
from foreseen.settings import Settings
from foreseen.wiring.model_loading import load_model, sidecar_path, sidecar_text_of


def write_sidecar(settings: Settings, out: TextIO, *, as_json: bool, sample: Path | None, force: bool) -> None:
    """Load a model, write what was found to a sidecar, and print the model as loaded with that sidecar.

    An existing sidecar is read only if the settings name it. One that was merely found beside the model may be wrong,
    and its guesses would count as facts.

    Args:
        sample: a file from which the types of columns are taken; None for the model alone.
        force: whether to replace an existing sidecar.
    Raises:
        TableError: the sample cannot be read.
        ModelUnavailableError: the model does not load, or not with the new sidecar, which is not written then.
        UnwritableError: the file exists already, or cannot be written.
    """
    start_logging(settings)
    path = sidecar_path(settings)
    is_there = path.exists()
    if is_there and not force:
        raise UnwritableError(f"{path}: expected no sidecar, got one that exists; --force replaces it")
    named = settings.sidecar if is_there else None
    found = _found(settings, path, named=named, is_there=is_there)
    try:
        text = sidecar_text_of(found.info, existing=path if is_there else None, sample=sample)
        loaded = _loaded_with(settings, found, text, path, is_sampled=sample is not None)
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise UnwritableError(f"{path}: expected a place to write a sidecar: {exc.strerror}") from exc
    show(settings, loaded, out, as_json=as_json)
    has_guess = any(line.startswith("dtype = ") and "# GUESSED" in line for line in text.splitlines())
    typer.echo(f"{path}: written" + ("; check what is marked GUESSED" if has_guess else ""), err=True)


def _found(settings: Settings, path: Path, *, named: Path | None, is_there: bool) -> Predictor:
    """Load the model without a sidecar, unless the settings name it.

    Raises:
        ModelUnavailableError: the model fails; perhaps because it needs what the existing sidecar says.
    """
    try:
        return load_model(settings.model_copy(update={"sidecar": named}), finds_sidecar=False)
    except ModelUnavailableError as exc:
        if not is_there or named is not None:
            raise
        raise ModelUnavailableError(f"{exc}; or keep what is in {path}: --sidecar {path} --force") from exc


def _loaded_with(settings: Settings, found: Predictor, text: str, path: Path, *, is_sampled: bool) -> Predictor:
    """Load the model with a sidecar that will be written to a path.

    Raises:
        ModelUnavailableError: the model fails with it, or rejects made-up instances that it answered without it.
    """
    with _beside(path, text) as trial:
        try:
            loaded = load_model(settings.model_copy(update={"sidecar": trial, "features": None}))
        except ModelUnavailableError as exc:
            reason = str(exc).removeprefix(f"{trial}: ").removeprefix(f"{settings.model}: ")
        else:
            reason = "" if found.info.determinism.rejection else loaded.info.determinism.rejection
            if not reason:
                return loaded
    hint = "; leave --sample out, or correct its columns" if is_sampled else ""
    raise ModelUnavailableError(f"{path}: not written: expected the model to load with what was found: {reason}{hint}")


@contextmanager
def _beside(path: Path, text: str) -> Iterator[Path]:
    """Yield a temporary file with a text in the folder of a path, since its patterns of files are relative to that."""
    descriptor, name = mkstemp(prefix=f".{path.stem}-", suffix=".toml", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        yield Path(name)
    finally:
        with suppress(OSError):
            Path(name).unlink()
