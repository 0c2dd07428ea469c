"""How large an instance and a call may be."""

import pytest

from foreseen.domain.values.instance_size import (
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_VALUES,
    require_few_columns,
    require_few_rows,
    require_few_values,
)


def test_as_many_as_the_limits_are_accepted() -> None:
    require_few_columns(MOST_COLUMNS)
    require_few_values(MOST_VALUES)
    require_few_rows(MOST_ROWS)
    require_few_rows(None)


def test_one_more_than_a_limit_is_rejected_with_both_numbers() -> None:
    with pytest.raises(ValueError, match="expected 100,000 columns at most, got 100,001"):
        require_few_columns(MOST_COLUMNS + 1)
    with pytest.raises(ValueError, match="expected an instance of 4,194,304 values at most, got 4,194,305"):
        require_few_values(MOST_VALUES + 1)
    with pytest.raises(ValueError, match="expected a model of 65,536 rows at most in each call, got 65,537"):
        require_few_rows(MOST_ROWS + 1)
