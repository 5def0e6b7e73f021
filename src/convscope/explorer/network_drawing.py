"""A block of steps drawn as SVG: branches side by side, arrows downwards, shortcuts around."""

from collections.abc import Mapping

from markupsafe import Markup

from convscope.explorer.network import Block, Step

BOX = (264, 40)  # width and height of a step
GAP = (24, 28)
MARGIN, BULGE = 12, 14  # room at the left and top; how far a shortcut swings out for each row it passes
LETTERS = 33  # of a line of text in a box
Places = dict[int, tuple[int, int]]


def drawing(block: Block, links: Mapping[str, str]) -> Markup:
    """The steps of a block with their arrows; ``links`` are the pages of its layers by name."""
    at = arrange(block)
    columns = 1 + max(column for column, _ in at.values())
    rows = 1 + max(row for _, row in at.values())
    swing = max((_swing(at, edge) for edge in block.edges), default=0)
    width = MARGIN + columns * (BOX[0] + GAP[0]) + swing
    height = rows * (BOX[1] + GAP[1]) + 4
    arrows = Markup("").join(_arrow(at, edge) for edge in block.edges)
    boxes = Markup("").join(_box(step, block.name, at[step.place], links) for step in block.steps)
    return Markup(
        '<svg class="graph" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="group" aria-label="{name}: {n} steps">{a}{b}</svg>'
    ).format(w=width, h=height, name=block.name, n=len(block.steps), a=arrows, b=boxes)


def arrange(block: Block) -> Places:
    """(column, row) of every step: a row below all it reads, in the column of what it reads first if that is free."""
    at: Places = {}
    taken: set[tuple[int, int]] = set()
    for step in block.steps:
        read = [at[source] for source, target in block.edges if target == step.place and source in at]
        row = 1 + max((row for _, row in read), default=-1)
        column = min((column for column, _ in read), default=0)
        while (column, row) in taken:
            column += 1
        at[step.place] = column, row
        taken.add((column, row))
    return at


def _corner(column: int, row: int) -> tuple[int, int]:
    return MARGIN + column * (BOX[0] + GAP[0]), GAP[1] + row * (BOX[1] + GAP[1])


def _swing(at: Places, edge: tuple[int, int]) -> int:
    """How far to the right an arrow must go to get around boxes in its way; 0 where none is."""
    source, target = edge
    (column, below) = at[target]
    over, above = at.get(source, (column, -1))
    passed = below - above - 1
    blocked = any((over, row) in at.values() for row in range(max(above, -1) + 1, below))
    return (8 + BULGE * min(passed, 6)) if passed and blocked else 0


def _arrow(at: Places, edge: tuple[int, int]) -> Markup:
    source, target = edge
    x, y = _corner(*at[target])
    x += BOX[0] // 2
    over, above = at.get(source, (at[target][0], -1))
    left, top = _corner(over, above)
    start_x, start_y = left + BOX[0] // 2, top + BOX[1]
    swing = _swing(at, edge)
    if swing:
        side, y = max(left, x - BOX[0] // 2) + BOX[0], y + BOX[1] // 2
        begin = (left + BOX[0], top + BOX[1] // 2) if source in at else (side, y - BOX[1])
        line = f"M{begin[0]} {begin[1]}C{side + swing * 1.3:.0f} {begin[1]} {side + swing * 1.3:.0f} {y} {side + 3} {y}"
        return Markup('<path class="arrow skip" d="{}"/><path class="tip" d="M{} {}l7 -4v8z"/>').format(
            line, side, y
        )
    turn = y - GAP[1]  # straight down its own column first, then across just above the target
    middle = turn + GAP[1] / 2
    return Markup('<path class="arrow" d="{}"/><path class="tip" d="M{} {}l-4 -7h8z"/>').format(
        f"M{start_x} {start_y}V{turn}C{start_x} {middle:.0f} {x} {middle:.0f} {x} {y - 4}", x, y
    )


def _box(step: Step, block: str, place: tuple[int, int], links: Mapping[str, str]) -> Markup:
    x, y = _corner(*place)
    words = step.node.words
    inside = Markup(
        '<title>{}</title><rect class="kind-{}" x="{}" y="{}" width="{}" height="{}" rx="5"/>'
        '<path class="sign kind-{}" d="M{} {}v{}"/><text x="{}" y="{}">{}</text>'
        '<text class="small" x="{}" y="{}">{}</text>'
    ).format(
        f"{step.node.name}: {words}", step.kind, x, y, *BOX, step.kind, x + 3, y + 5, BOX[1] - 10,
        x + 12, y + 17, _short(words), x + 12, y + 33, _short(f"{step.shape}  {inside_of(block, step.node.name)}"),
    )  # fmt: skip
    group = Markup('<g data-step="{}">{}</g>').format(step.place, inside)
    return Markup('<a href="{}">{}</a>').format(links[step.layer], group) if step.layer else group


def inside_of(block: str, name: str) -> str:
    """A name without the block that it stands in anyway.

    >>> inside_of("layer1", "layer1.0.relu#2"), inside_of("conv1", "relu")
    ('0.relu#2', 'relu')
    """
    return name.removeprefix(f"{block}.")


def _short(words: str) -> str:
    return words if len(words) <= LETTERS else f"{words[: LETTERS - 1]}…"
