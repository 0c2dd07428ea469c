"""Seeded draws: what own code draws at random while it is loaded is the same in each load."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Final

import numpy as np

_SEED: Final = 0


@contextmanager
def seeded_draws(torch: ModuleType) -> Iterator[None]:
    """Have PyTorch, `random` and `numpy.random` draw from one seed until the block ends, and then go on as before.

    Generators that code makes itself are not seeded. Blocks must not overlap: each would restore what the other seeded.
    """
    of_python, of_numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(_SEED)  # `torch.manual_seed` would seed graphics cards as well
            random.seed(_SEED)
            np.random.seed(_SEED)
            yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)
