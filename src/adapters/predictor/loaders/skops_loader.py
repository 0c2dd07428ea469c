"""SkopsLoader: loads the objects that skops saved, without running code of the file."""

import zipfile
from collections.abc import Sequence
from functools import partial

from foreseen.adapters.predictor.formats.archive_size import require_bounded_archive
from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.object_loading import predictor_of_object
from foreseen.adapters.predictor.loaders.required_library import required_library
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.unpickling.load_warnings import reported_warnings
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.model.model_failure import failure_text
from foreseen.domain.ports import Predictor


class SkopsLoader:
    """Loads estimators of types that skops knows to be harmless, and of those that the settings trust by name."""

    saved_by = ("skops",)
    takes_code = True

    def can_load(self, start: FileStart) -> bool:
        """Return whether a zip archive holds what skops describes its objects by."""
        return "schema.json" in start.members

    def load(self, file: ModelFile, options: LoadOptions) -> Predictor:
        """Read, describe and try a model, and decide how it is called."""
        read = partial(_read, trusted=options.trusted_types)
        return predictor_of_object(file, options, read, LoadedFormat("skops"))


def _read(file: ModelFile, _: dict[str, object], *, trusted: Sequence[str]) -> object:
    """Return the object in a file; raise ModelUnavailableError for types that are not trusted, before one is made."""
    skops = required_library("skops.io", path=file.path, reads="this file, which it saved", extra="skops")
    try:
        require_bounded_archive(file.content, file.path)
        data = file.content.read()
        untrusted = [name for name in skops.get_untrusted_types(data=data) if name not in trusted]
        if untrusted:
            raise ModelUnavailableError(_untrusted_text(file, untrusted, trusted))
        with reported_warnings(file.path):
            return skops.loads(data, trusted=list(trusted))
    except ModelUnavailableError:
        raise
    except (zipfile.BadZipFile, zipfile.LargeZipFile) as exc:
        raise ModelUnavailableError(f"{file.path}: expected a whole archive of skops: {failure_text(exc)}") from exc
    except Exception as exc:
        raise ModelUnavailableError(f"{file.path}: expected a model that skops can load: {failure_text(exc)}") from exc


def _untrusted_text(file: ModelFile, untrusted: Sequence[str], trusted: Sequence[str]) -> str:
    names = ",".join(dict.fromkeys([*trusted, *untrusted]))
    return (
        f"{file.path}: expected types that skops trusts, got {', '.join(untrusted)}; if you know them, "
        f"and where the file comes from, try: --trusted-types {names}"
    )
