"""Which epoch a run keeps: the latest that its validation images cannot tell from the best one.

They are few: of 500, one that happens to be right is worth more than what the last epochs of a cycle of the rate gain,
and the highest of thirty such shares is luck. So later counts for more, but for what is worse by more than one
standard error: the rule of Breiman, Friedman, Olshen & Stone (Classification and Regression Trees, 1984, section
3.4.3), with "later" where they have "smaller". Chosen by 500 held-out images and judged by all others, epochs kept by it had
90.0 and 99.64 % of clothes and digits right, those of the highest share 89.6 and 99.53 % (benchmarks/accuracy_choices.json).
"""

from collections.abc import Iterable, Mapping
from math import sqrt
from typing import Any

Row = Mapping[str, Any]  # a line of metrics.jsonl


def keeps(before: Iterable[Row], row: Row, judges: int) -> bool:
    """Whether the weights of an epoch are kept, after those ``before`` it; ``judges`` images validate.

    >>> best = {"val_accuracy": 0.998}
    >>> keeps([best], {"val_accuracy": 0.996}, judges=500), keeps([best], {"val_accuracy": 0.99}, judges=500)
    (True, False)
    """
    best = max(one["val_accuracy"] for one in (*before, row))
    return bool(row["val_accuracy"] >= best - standard_error(best, judges))


def standard_error(share: float, judges: int) -> float:
    """Of a share of right answers; one right and one wrong are added, as all right does not mean always (Laplace)."""
    likely = (share * judges + 1) / (judges + 2)
    return sqrt(likely * (1 - likely) / judges)


def kept_epoch(history: Iterable[Row]) -> Row | None:
    """The epoch whose weights were kept; runs of before this rule kept the most accurate, of equals the one of lower loss."""
    rows = list(history)
    if kept := [row for row in rows if row.get("kept")]:
        return kept[-1]
    return highest(rows)


def highest(history: Iterable[Row]) -> Row | None:
    """The epoch of highest validation accuracy; of equal ones the one with the lower loss."""
    return min(history, key=lambda row: (-row["val_accuracy"], row["val_loss"]), default=None)
