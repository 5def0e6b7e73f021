"""What the calls of a pass are called: by the module that they are, or by the function and where it was called."""

from collections import Counter
from collections.abc import Collection, Sequence


def unique_names(calls: Sequence[tuple[str, str, bool]], paths: Collection[str]) -> list[str]:
    """One name a call, given as (module it ran in, operation, whether it is that module's own result).

    A module's own call bears its path, a function the path it was called in and its own name, with ``()``
    behind it where a module has that name already; the second call of a name gets ``#2``.

    >>> unique_names([("", "relu", False), ("relu", "relu", True), ("relu", "relu", True)], {"", "relu"})
    ['relu()', 'relu', 'relu#2']
    """
    counts: Counter[str] = Counter()
    names = []
    for module, operation, own in calls:
        stem = module if own else _function(module, operation, paths)
        counts[stem] += 1
        while counts[stem] > 1 and f"{stem}#{counts[stem]}" in paths:
            counts[stem] += 1
        names.append(stem if counts[stem] == 1 else f"{stem}#{counts[stem]}")
    return names


def _function(module: str, operation: str, paths: Collection[str]) -> str:
    name = f"{module}.{operation}" if module else operation
    while name in paths:
        name += "()"
    return name
