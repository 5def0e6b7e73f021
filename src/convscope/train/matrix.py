"""The confusion matrix as a table whose cells open the pictures behind them, without any script."""

from html import escape

from convscope.train.gallery import Gallery

WIDEST = 60  # classes of a table that can still be read
STYLE = """
.matrix { font-size: 13px; margin: 0 0 8px }
.matrix td { padding: 0; text-align: center; min-width: 2.6em; border: 1px solid var(--line) }
.matrix td a, .matrix td span { display: block; padding: 5px 4px; color: var(--ink); text-decoration: none }
.matrix td a:hover, .matrix td a:focus { outline: 2px solid var(--one); outline-offset: -2px }
.matrix .right { background: color-mix(in srgb, var(--one) calc(var(--share) * 45%), transparent) }
.matrix .wrong { background: color-mix(in srgb, var(--two) calc(12% + var(--share) * 45%), transparent) }
.matrix th[scope=row] { white-space: nowrap; padding-right: 10px }
.matrix thead th { vertical-align: bottom; font-weight: 400; padding: 4px 2px; text-align: center }
.matrix thead th span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 11em; overflow: hidden }
.cells { min-height: 15em } .cell { display: none; scroll-margin-top: 45vh } .cell:target { display: block }
.cells:not(:has(:target)) > .cell:first-child { display: block } .cell h3 { font-size: 16px; margin: 12px 0 0 }
@media print { .cells { min-height: 0 } .cell { display: none !important } }
"""


def matrix(confusion: list[list[int]], classes: list[str], gallery: Gallery | None = None) -> str:
    """Rows are true classes, columns what was said; each number leads to its pictures, if there are any."""
    if len(classes) > WIDEST:
        return ""
    pictured = gallery.pictured() if gallery else set()
    head = "".join(f'<th scope="col"><span>{escape(name)}</span></th>' for name in classes)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(_cell(i, j, count, sum(row), (name, classes[j]) in pictured) for j, count in enumerate(row))
        + "</tr>"
        for i, (name, row) in enumerate(zip(classes, confusion, strict=True))
    )
    words = "Rows: what they are. Columns: what they were called."
    more = " Choose a number to see the pictures." if pictured else ""
    return (
        f'<p class="muted">{words}{more}</p><div class="scroll"><table class="matrix" aria-label="confusion matrix">'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def cells(confusion: list[list[int]], classes: list[str], gallery: Gallery) -> str:
    """The pictures of every cell; only the chosen one is shown, at first the most frequent mistake."""
    pictured = gallery.pictured()
    places = [
        (i == j, -confusion[i][j], i, j)
        for i, name in enumerate(classes)
        for j, said in enumerate(classes)
        if (name, said) in pictured
    ]
    sections = "".join(
        f'<section class="cell" id="{_anchor(i, j)}"><h3>{_title(classes[i], classes[j])}</h3>'
        f"{gallery.cell(classes[i], classes[j])}</section>"
        for _, _, i, j in sorted(places)
    )
    return f'<div class="cells">{sections}</div>'


def _title(label: str, predicted: str) -> str:
    name, said = escape(label), escape(predicted)
    return f"{name}, named rightly" if label == predicted else f"{name}, called {said}"


def _cell(i: int, j: int, count: int, total: int, pictured: bool) -> str:
    if not count:
        return "<td></td>"
    kind = "right" if i == j else "wrong"
    inner = f'<a href="#{_anchor(i, j)}">{count}</a>' if pictured else f"<span>{count}</span>"
    return f'<td class="{kind}" style="--share:{count / total:.2f}">{inner}</td>'


def _anchor(i: int, j: int) -> str:
    return f"cell-{i}-{j}"
