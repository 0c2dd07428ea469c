"""How long faults last, and what is measured of them; `make faults` has the long form."""

import time
from collections.abc import Callable

from support.fault_load import L1_ENTRIES, LONG_S, FaultLoad, Seen
from support.fault_table import SHOWN, Measured
from support.processes import Served, wait_until
from support.time_limits import PATIENCE_S

FAULT_S = LONG_S or 0.3
"""So short that the first probe, half a second after the tier was disabled, finds it healed."""

HEALTHY_S = LONG_S or 0.6

BUDGET_S = 0.025 if LONG_S else 0.1
"""The default is what is measured; a machine that is busy with other tests as well has more."""

BACK_S = 10.0 if LONG_S else 60.0
"""The longest wait before a probe and the longest probe; several times over, where a busy machine may fail some."""

OUT_S = 30.0
"""What it takes at most until the shared cache is disabled."""

MOST_S = 5.0 if LONG_S else PATIENCE_S
"""What no request may take: the short form, beside busy loops, holds that each is answered, and not how soon."""

OPTIONS = ("--cache", "tiered", "--redis-lookups", "always", "--lru-max-entries", L1_ENTRIES)
BUDGET = ("--redis-timeout", f"{BUDGET_S * 1000:g}ms")


def seen_in_health(load: FaultLoad) -> Seen:
    """Return what is seen while all is well."""
    load.taken()
    time.sleep(HEALTHY_S)
    wait_until(lambda: load.seen.is_enough)
    return load.taken()


def said_of_it(running: Served, since: int = 0) -> list[str]:
    """Return the lines of the log that say whether the shared cache is in use."""
    return [line for line in running.err[since:] if "L2 disabled" in line or "L2 enabled" in line]


def measured(name: str, healthy: Seen, ill: Seen, out_s: float | None, back_s: float | None) -> Measured:
    """Return a row of the table: what was seen beyond what was seen just before."""
    added = {
        (asked, share): ill.quantile_ms(asked, share) - healthy.quantile_ms(asked, share)
        for asked in SHOWN
        for share in (0.5, 0.99)
    }
    return Measured(name, ill.answered, len(ill.wrong), len(ill.failed), added, out_s, back_s)


def seconds_until(is_so: Callable[[], bool], *, at_most_s: float) -> float | None:
    """Return the seconds after which something was so; None where it was not."""
    began = time.monotonic()
    while time.monotonic() - began < at_most_s:
        if is_so():
            return time.monotonic() - began
        time.sleep(0.005 if LONG_S else 0.02)
    return None
