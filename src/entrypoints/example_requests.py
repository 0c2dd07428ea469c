"""Example requests: a command line to paste, which requests one prediction from this model."""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from foreseen.domain.values.signature import Signature


def curl(signature: Signature, base: str, *, needs_key: bool = False) -> str:
    """Return a `curl` command that requests one prediction.

    Args:
        base: URL of the service, without a slash at its end.
        needs_key: whether to add a header with a placeholder for the API key.
    """
    key = " -H 'Authorization: Bearer KEY'" if needs_key else ""
    example = signature.example_instance()
    if not signature.has_tensors:
        return f"curl{key} '{base}/predict?{urlencode(_as_text(example))}'"
    body = json.dumps(example, separators=(",", ":")).replace("'", r"'\''")
    return f"curl{key} {base}/predict -H 'Content-Type: application/json' -d '{body}'"


def _as_text(example: Mapping[str, object]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in example.items()}
