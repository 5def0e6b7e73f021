"""Charts as SVG text: colours come from the style sheet, so that a theme costs nothing."""

import numpy as np
from markupsafe import Markup, escape

WIDTH, HEIGHT = 320, 96
READABLE = 999_500  # from here on three digits and their power of ten are easier to read


def number(value: float) -> str:
    """Three significant digits, without an exponent where people can read it.

    >>> number(12.3456), number(0.00123), number(12345.0), number(-1e9), number(float("nan"))
    ('12.3', '0.00123', '12300', '-1e+09', '–')
    """
    if not np.isfinite(value):
        return "–"
    return f"{float(f'{value:.3g}'):.7g}" if 1 <= abs(value) < READABLE else f"{value:.3g}"


def percent(share: float) -> str:
    """A share as a percentage that never rounds to a false 0 or 100.

    >>> percent(0.5), percent(0.9999), percent(0.0004)
    ('50 %', '> 99 %', '< 1 %')
    """
    if not np.isfinite(share):
        return "–"
    if 0 < share < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < share < 1 else f"{share * 100:.0f} %"


def exact(value: float) -> str:
    """A whole number as it is, any other with three digits after the point.

    >>> exact(-510.0), exact(0.12345)
    ('−510', '0.123')
    """
    text = f"{value:.0f}" if value == round(value) else f"{value:.3f}"
    return text.replace("-", "−" if float(text) else "")


def tint(value: float, largest: float) -> str:
    """The class of a cell's colour: ``p1`` to ``p9`` above zero, ``n1`` to ``n9`` below, none at zero.

    >>> tint(5, 9), tint(-9, 9), tint(0, 9)
    ('p5', 'n9', '')
    """
    level = round(9 * min(abs(value) / largest, 1)) if largest > 0 else 0
    return f"{'p' if value > 0 else 'n'}{level}" if level else ""


def histogram(counts: np.ndarray, edges: np.ndarray) -> Markup:
    """Counts ``[n]`` between edges ``[n + 1]`` as columns on a logarithmic scale, zero marked."""
    tall = np.log1p(counts.astype(np.float64))
    tops = np.rint(HEIGHT * (1 - tall / (tall.max(initial=0) or 1)))
    step = WIDTH / len(counts)
    # one line up and down and on: a panel's histogram is the largest part of its bytes
    column = f"h{step * 0.9:.4g}V{HEIGHT}h{step * 0.1:.4g}"
    columns = f"M0 {HEIGHT}" + "".join(f"V{top:g}{column}" for top in tops.tolist())
    low, high = float(edges[0]), float(edges[-1])
    title = f"Histogram of {int(counts.sum())} activations from {number(low)} to {number(high)}"
    zero = _zero_line(low, high)
    return Markup(
        '<svg class="histogram" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img">'
        '<title>{}</title><path class="columns" d="{}"/>{}</svg>'
    ).format(WIDTH, HEIGHT, title, Markup(columns), zero)


def _zero_line(low: float, high: float) -> Markup:
    if not low < 0 < high:
        return Markup("")
    x = -low / (high - low) * WIDTH
    return Markup('<path class="zero" d="M{} 0V{}"/>').format(f"{x:.1f}", HEIGHT)


def bar(share: float, words: str = "", inside: str = "") -> Markup:
    """A horizontal bar, ``share`` of its full width, with SVG of our own ``inside``; words for those who cannot see it."""
    label = f'role="img" aria-label="{escape(words)}"' if words else 'aria-hidden="true"'
    return Markup(
        f'<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" {label}>'
        f'<rect class="rail" width="100" height="8"/><rect class="fill" width="{_part(share)}" height="8"/>'
        f"{inside}</svg>"
    )


def interval_bar(share: float, low: float, high: float) -> Markup:
    """A bar with its interval as a whisker; no whisker where the interval is not known."""
    if low != low or high != high:
        return bar(share)
    ends = _part(low), _part(high)
    drawn = f'<path class="whisker" d="M{ends[0]} 1v6M{ends[1]} 1v6M{ends[0]} 4H{ends[1]}"/>'
    return bar(share, inside=drawn)


def _part(share: float) -> str:
    """A share as hundredths of a width; what is no number is nothing."""
    return f"{100 * min(max(share, 0.0), 1.0):.1f}" if share == share else "0.0"
