"""Column picks: which columns a fitted ColumnTransformer passes to one of its parts."""

from collections import UserList
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer


def picked_columns(chosen: Any, transformer: ColumnTransformer) -> list[int]:
    """Return the indices of the columns that a part was given, in order."""
    count = int(transformer.n_features_in_)
    names = {str(name): place for place, name in enumerate(getattr(transformer, "feature_names_in_", ()))}
    if isinstance(chosen, slice):
        if isinstance(chosen.start, str) or isinstance(chosen.stop, str):  # both ends are included, as in pandas
            start = names[chosen.start] if chosen.start is not None else None
            stop = names[chosen.stop] + 1 if chosen.stop is not None else None
            chosen = slice(start, stop, chosen.step)
        return list(range(*chosen.indices(count)))
    if isinstance(chosen, UserList):  # scikit-learn 1.5 and 1.6, whose own list warns when it is read
        chosen = chosen.data
    picked = [chosen] if np.ndim(chosen) == 0 else list(chosen)
    if picked and isinstance(picked[0], bool | np.bool_):
        return [index for index, is_picked in enumerate(picked) if is_picked]
    return [names[pick] if isinstance(pick, str) else int(pick) % count for pick in picked]
