"""Header fields as clients write them, in every case, order and spacing that HTTP allows, and what they request."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_SPACES: Final = ["", "", " ", "\t", "  "]
_TYPES: Final = {"application/json": True, "application/vnd.model.v1+json": True, "text/plain": False,
                 "application/jsonx": False, "json": False, "": False, "application/x-www-form-urlencoded": False,
                 "application/json/x": False, "application/json,application/json": False}  # fmt: skip
_CHARSETS: Final = {"utf-8": True, "UTF-8": True, '"utf-8"': True, "utf8": True, "latin-1": False, "utf-16": False,
                    '"UTF-16"': False, "us-ascii": False}  # fmt: skip
_CODINGS: Final = {"identity": True, "IDENTITY": True, "": True, "identity, identity": True, ",": True, "gzip": False,
                   "br": False, "identity, gzip": False, "x": False, "identity;q=1": False}  # fmt: skip
_TIMEOUTS: Final = {"5": True, "60.25": True, "999999999": True, "00007": True, "7.000000001": True, "": False,
                    "-1": False, "+5": False, "5s": False, "1e3": False, ".5": False, "5.": False, "5,6": False,
                    "\u0665": False, "1234567890": False, "inf": False, "nan": False, "0x5": False}  # fmt: skip
_DIRECTIVES: Final = {"no-cache": "no-cache", "No-Cache": "no-cache", "no-store": "no-store", "NO-STORE": "no-store",
                      "only-if-cached": "only-if-cached", "max-age=3600": "", 'max-age="60"': "",
                      "Max-Age=999999999": "", "max-age=99999999999999999999": "", "max-age=-1": "", "max-age=x": "",
                      "max-stale": "", 'x="no-store, no-cache"': "", 'x="\\", no-store"': "", "no-store-ever": "",
                      "xno-cache": "", "": "", "stale-if-error=5": "", "no-transform": ""}  # fmt: skip
_ACCEPTS: Final = [
    "*/*",
    "application/json",
    "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
    "text/csv",
    "",
    "x;q=2",
]
_OTHER_TAGS: Final = ['"x"', 'W/"x"', '"a, *, b"', '"x,y"', "x", '""', "W/", '"*"', "", 'w/"x"']


@dataclass(frozen=True)
class Fields:
    """Header fields of a request.

    Attributes:
        rejected: the status that they are rejected by; None where they are not.
        asks: the directives among them that change what a cache does.
        is_known: whether they name the tag that was given.
    """

    sent: Mapping[str, str]
    rejected: int | None
    asks: frozenset[str]
    is_known: bool = False


def fields(rng: random.Random, *, tag: str = "") -> Fields:
    """Draw header fields.

    Args:
        tag: that of the answer; empty where the request has a body instead.
    """
    sent: dict[str, str] = {}
    is_json = is_plain = is_time = True
    if not tag:
        sent["content-type"], is_json = _content_type(rng)
        if rng.random() < 0.2:
            sent["content-encoding"], is_plain = rng.choice(list(_CODINGS.items()))
    if rng.random() < 0.3:
        sent["request-timeout"], is_time = rng.choice(list(_TIMEOUTS.items()))
    asks: frozenset[str] = frozenset()
    if rng.random() < 0.4:
        sent["cache-control"], asks = _cache_control(rng)
    if rng.random() < 0.3:
        sent["accept"] = rng.choice(_ACCEPTS)
    is_known = False
    if rng.random() < 0.3:
        sent["if-none-match"], is_known = _if_none_match(rng, tag or '"x"')
    order = rng.sample(list(sent), len(sent))
    rejected = 415 if not (is_json and is_plain) else None if is_time else 400
    return Fields({name: sent[name].encode().decode("latin-1") for name in order}, rejected, asks, is_known)


def _content_type(rng: random.Random) -> tuple[str, bool]:
    if rng.random() < 0.4:
        return "application/json", True
    kind, is_right = rng.choice(list(_TYPES.items()) + [("application/json", True)] * 12)
    parameters = []
    if kind and rng.random() < 0.5:
        charset, is_utf8 = rng.choice(list(_CHARSETS.items()))
        parameters.append(f"{rng.choice(['charset', 'Charset'])}={charset}")
        is_right = is_right and is_utf8
    if kind and rng.random() < 0.3:
        parameters.append(rng.choice(["v=1", 'profile="a; charset=latin-1"', "odata.metadata=none"]))
        rng.shuffle(parameters)
    written = rng.choice([kind, kind.title(), kind.upper()])
    return "".join([written, *(f"{rng.choice(_SPACES)};{rng.choice(_SPACES)}{each}" for each in parameters)]), is_right


def _cache_control(rng: random.Random) -> tuple[str, frozenset[str]]:
    members = rng.choices(list(_DIRECTIVES), k=rng.choice([1, 1, 2, 3]))
    text = "".join(f"{each}{rng.choice(_SPACES)},{rng.choice(_SPACES)}" for each in members[:-1]) + members[-1]
    return text, frozenset(_DIRECTIVES[each] for each in members) - {""}


def _if_none_match(rng: random.Random, tag: str) -> tuple[str, bool]:
    if rng.random() < 0.1:
        return "*", True
    tags = rng.choices(_OTHER_TAGS, k=rng.choice([0, 1, 2, 3]))
    is_known = rng.random() < 0.4
    if is_known:
        tags.insert(rng.randint(0, len(tags)), rng.choice([tag, f"W/{tag}"]))
    return f"{rng.choice(_SPACES)},{rng.choice(_SPACES)}".join(tags), is_known
