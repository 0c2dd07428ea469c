"""The labels that an answer may have, in words."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from foreseen.domain.values.signature import Signature


def classes_text(signature: "Signature") -> str:
    """Return which labels an answer may have, to append to a text; empty if that is unknown."""
    if not signature.classes:
        return ""
    return f": {'any' if signature.is_multilabel else 'one'} of {', '.join(signature.classes)}"
