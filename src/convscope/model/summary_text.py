"""A summary for a terminal of 100 to 120 columns."""

from textwrap import wrap

from convscope.model.summary import Row, Summary

WIDTH, WIDEST, SHORTEST_NAME = 110, 120, 20  # of sentences, of the table, of a layer's name in it
HEAD = ("layer", "operation", "output", "field", "share", "parameters", "multiply-adds", "memory")
WIDE = ("stride", "if dense")


def table(summary: Summary, *, wide: bool = False) -> str:
    """A line a call, then the sums, what to beware of, and notes.

    Where that takes more columns than a terminal has, names are cut; ``wide`` cuts none and has two columns more.
    """
    lines = [(*HEAD, *WIDE) if wide else HEAD, *(cells(row, wide=wide) for row in summary.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    excess = 0 if wide else sum(widths) + 2 * (len(widths) - 1) - WIDEST
    if excess > 0:
        widths[0] = max(widths[0] - excess, SHORTEST_NAME)
        lines = [(shortened(name, widths[0]), *rest) for name, *rest in lines]
    rows = ["  ".join(_align(cell, width, i) for i, (cell, width) in enumerate(zip(line, widths, strict=True)))
            for line in lines]  # fmt: skip
    words = [*totals(summary), *(f"warning: {warning}" for warning in summary.warnings), *summary.notes]
    wrapped = [
        line for text in words for line in wrap(text, WIDTH, subsequent_indent="  ", break_long_words=False)
    ]
    return "\n".join([*(row.rstrip() for row in rows), "", *wrapped])


def cells(row: Row, *, wide: bool = False) -> tuple[str, ...]:
    """One row as text; what is not there is empty."""
    narrow = (
        row.name, f"{row.operation} {row.kernel}".strip(), times(row.shape), once(row.field), share(row.share),
        count(row.parameters), count(row.multiply_adds), size(row.memory),
    )  # fmt: skip
    return (*narrow, times(row.stride), count(row.dense)) if wide else narrow


def totals(summary: Summary) -> list[str]:
    """Two or three sentences: what goes in and out, what it costs, what dense layers would."""
    channels, height, width = summary.input
    sums = (
        f"{summary.name}: {channels}x{height}x{width} in, {summary.classes} classes out, "
        f"{summary.parameters:,} parameters ({size(summary.weight_bytes)} stored), "
        f"{summary.multiply_adds:,} multiply-adds and {size(summary.memory)} of activations an image"
    )
    return [sums, *dense_words(summary)]


def dense_words(summary: Summary) -> list[str]:
    """What sharing weights saves; nothing where nothing is shared."""
    convolutions = [row for row in summary.rows if row.dense]
    if not convolutions:
        return []
    shared, dense = sum(row.parameters for row in convolutions), sum(row.dense for row in convolutions)
    return [
        f"its {len(convolutions)} convolutions share {shared:,} parameters; dense layers between the same maps "
        f"would need {dense:,}, {dense / max(shared, 1):,.0f} times as many"
    ]


def times(numbers: tuple[int, ...] | None) -> str:
    return "x".join(map(str, numbers or ()))


def once(pair: tuple[int, int] | None) -> str:
    """Height x width, or one number where they agree."""
    return times(tuple(dict.fromkeys(pair or ())))


def shortened(name: str, length: int) -> str:
    """A name cut in its middle, the end kept longer: what is last tells layers apart.

    >>> shortened("features.denseblock3.denselayer12.norm1", 24)
    'feature…enselayer12.norm1'
    """
    if len(name) <= length:
        return name
    head = length // 3
    return f"{name[: head - 1]}…{name[head - length :]}"


def share(shares: tuple[float, float] | None) -> str:
    """Per cent of the input's sides, once where both agree."""
    if shares is None:
        return ""
    low, high = (f"{value:.0%}" for value in (min(shares), max(shares)))
    return high if low == high else f"{low}-{high}"


def count(number: int) -> str:
    return f"{number:,}" if number else ""


def size(count_of_bytes: int) -> str:
    """Bytes in a unit that leaves one to three digits before the point; a megabyte is 1,000,000 bytes.

    >>> size(3_211_264), size(40), size(0)
    ('3.2 MB', '40 B', '')
    """
    if not count_of_bytes:
        return ""
    for unit, bytes_each in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count_of_bytes >= bytes_each:
            return f"{count_of_bytes / bytes_each:.1f} {unit}"
    return f"{count_of_bytes} B"


def _align(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < 2 else cell.rjust(width)
