"""Examples: a line to paste that asks for one prediction of this model's."""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from foreseen.domain.values.signature import Signature


def curl(signature: Signature, base: str, *, needs_key: bool = False) -> str:
    """Return a command line that asks for one prediction."""
    key = " -H 'Authorization: Bearer KEY'" if needs_key else ""
    example = signature.example_instance()
    if not signature.has_tensors:
        return f"curl{key} '{base}/predict?{urlencode(_as_text(example))}'"
    body = json.dumps(example, separators=(",", ":")).replace("'", r"'\''")
    return f"curl{key} {base}/predict -H 'Content-Type: application/json' -d '{body}'"


def _as_text(example: Mapping[str, object]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in example.items()}
