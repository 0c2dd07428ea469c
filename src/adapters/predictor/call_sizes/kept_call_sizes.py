"""Call sizes that were decided once, kept in a file beside the model for replicas and later starts."""

import json
import logging
import os
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from foreseen.adapters.predictor.call_sizes.batch_invariance import FIXED_ROWS
from foreseen.adapters.predictor.model_file.model_file import require_private
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.identity.key import Fingerprint
from foreseen.domain.model.call_size import LARGE_ROWS, CallSize

log = logging.getLogger(__name__)

FORMAT: Final = 1
MOST: Final = 32
"""Maximum number of kept call sizes, the newest: one for each combination of model, settings and kind of CPU."""


SIZES: Final = (CallSize(), CallSize(least=2), CallSize(fixed=FIXED_ROWS), CallSize(fixed=1))
"""Every size that can be decided; any other in the file is ignored."""

LARGE: Final = (None, FIXED_ROWS, *LARGE_ROWS)
"""Every size of a large call that can be found equal; None if none was compared."""


class KeptCallSizes:
    """The file `<model file>.calls.json`. If it is defective, the decision is made again; the start never fails."""

    def __init__(self, model_path: Path) -> None:
        self.path: Final = model_path.with_name(f"{model_path.name}.calls.json")

    def find(self, identity: Fingerprint) -> CallSize | None:
        """Return what was decided for exactly this model, these libraries and this CPU; None if nothing was."""
        kept = self._read().get(identity.hex())
        if not isinstance(kept, dict):
            return None
        if kept.get("large") not in LARGE:
            return None
        known = (size for size in SIZES if [size.least, size.fixed] == [kept.get("least"), kept.get("fixed")])
        return next((replace(size, large=kept.get("large")) for size in known), None)

    def keep(self, identity: Fingerprint, size: CallSize) -> None:
        """Keep a decision, if the folder is writable."""
        sizes = self._read()
        sizes.pop(identity.hex(), None)  # otherwise an update would keep its place among the oldest
        sizes[identity.hex()] = {"least": size.least, "fixed": size.fixed, "large": size.large}
        document = {"format": FORMAT, "call_sizes": dict(list(sizes.items())[-MOST:])}
        try:
            _replace(self.path, json.dumps(document, indent=1).encode() + b"\n")
        except OSError as exc:
            log.debug("%s: not written, so that each start decides the call size again: %s", self.path, exc.strerror)

    def _read(self) -> dict[str, object]:
        try:
            require_private(self.path, "record of how the model is called")
            document = json.loads(self.path.read_bytes())
        except ModelUnavailableError as exc:
            log.warning("not used: %s", exc)
            return {}
        except (OSError, ValueError):
            return {}
        is_ours = isinstance(document, dict) and document.get("format") == FORMAT
        sizes = document.get("call_sizes") if is_ours else None
        return sizes if isinstance(sizes, dict) else {}


class NothingKept:
    """Keeps nothing, for a model without a file of the user's own, such as one that an installed module makes."""

    def find(self, _identity: Fingerprint) -> CallSize | None:
        """Return None."""
        return None

    def keep(self, _identity: Fingerprint, _size: CallSize) -> None:
        """Keep nothing."""


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, since other replicas read it meanwhile."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
