"""The pinned digest: the SHA-256 that a model file must have, given itself or by a file that is read at each load."""

import re
from pathlib import Path
from typing import Final

from foreseen.adapters.predictor.model_file.model_file import require_private
from foreseen.domain.errors import ModelUnavailableError

_DIGEST: Final = re.compile(r"[0-9A-Fa-f]{64}")
_LINE: Final = re.compile(rf"\\?(?P<digest>{_DIGEST.pattern})(?: [ *](?P<name>.+))?")
"""A line of `sha256sum`; a backslash begins one whose file name has odd characters."""


def pinned_digest(pin: str, model: Path) -> str:
    """Return the digest that a model file must have, in lower case.

    Args:
        pin: 64 hexadecimal digits, or the path of a file that contains them as `sha256sum` writes it.
    Raises:
        ModelUnavailableError: the file cannot be read, other users may write to it, or it does not contain one digest.
    """
    if _DIGEST.fullmatch(pin):
        return pin.lower()
    path = Path(pin)
    try:
        require_private(path, "file with the model's SHA-256")
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ModelUnavailableError(
            f"{path}: expected the model's SHA-256, or a file that holds it, got no such file"
        ) from None
    except (OSError, UnicodeDecodeError) as exc:
        raise ModelUnavailableError(f"{path}: expected a readable file with the model's SHA-256: {exc}") from exc
    return _digest_for(path, [line.strip() for line in lines if line.strip()], model)


def _digest_for(path: Path, lines: list[str], model: Path) -> str:
    found = [match for line in lines if (match := _LINE.fullmatch(line))]
    if len(found) > 1:  # of several files, as `sha256sum *.joblib` writes it
        found = [match for match in found if match["name"] and Path(match["name"]).name == model.name]
    if len(found) != 1:
        raise ModelUnavailableError(
            f"{path}: expected one line of 64 hexadecimal digits for {model.name}, as sha256sum writes it, "
            f"got {len(found) or 'none'}"
        )
    return found[0]["digest"].lower()
