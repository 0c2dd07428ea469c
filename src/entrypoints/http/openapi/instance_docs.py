"""The JSON Schema of an instance: each feature by name, type and example."""

from typing import Final

from foreseen.domain.values.signature import DATETIMES, FLOATS, Feature, Signature

_NAIVE_DATETIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?)?$"
"""Used in place of the format "date-time", which requires an offset (RFC 3339), so that clients would send one."""


def instance_schema(signature: Signature) -> dict[str, object]:
    """Return the JSON Schema of one instance, with an example."""
    ignored = {"description": "Accepted, and ignored by the model."}
    return {
        "title": "Instance",
        "type": "object",
        "properties": value_schemas(signature) | dict.fromkeys(signature.ignored, ignored),
        "required": [feature.name for feature in signature.features if not feature.is_optional],
        "additionalProperties": signature.extra_fields == "ignore",
        "example": signature.example_instance(),
    }


def row_schema(signature: Signature) -> dict[str, object]:
    """Return the JSON Schema of one instance as the list of its values, with an example."""
    count = len(signature.features)
    return {
        "type": "array",
        "description": f"The values alone, in this order: {', '.join(signature.names)}.",
        "prefixItems": [schema | {"title": name} for name, schema in value_schemas(signature).items()],
        "items": False,
        "minItems": count,
        "maxItems": count,
        "example": list(signature.example_instance().values()),
    }


def value_schemas(signature: Signature) -> dict[str, dict[str, object]]:
    """Return the JSON Schema of each feature's value, by name."""
    return {feature.name: _value(feature) | {"examples": [feature.default_example()]} for feature in signature.features}


def _value(feature: Feature) -> dict[str, object]:
    schema = _scalar(feature)
    if feature.missing:
        schema = {"anyOf": [schema, {"type": "null"}]}
    for length in reversed(feature.shape):
        schema = {"type": "array", "items": schema, "minItems": length, "maxItems": length}
    return schema


def _scalar(feature: Feature) -> dict[str, object]:
    if feature.dtype == "datetime_tz":
        return {"type": "string", "format": "date-time"}
    if feature.dtype in DATETIMES:
        return {"type": "string", "pattern": _NAIVE_DATETIME, "description": "A date and time without an offset."}
    if feature.dtype in FLOATS:
        return {"type": "number"}
    if feature.dtype in ("string", "bool"):
        return {"type": "string" if feature.dtype == "string" else "boolean"}
    low, high = feature.bounds
    return {"type": "integer", "minimum": low, "maximum": high}
