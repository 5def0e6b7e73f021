"""A summary as one page that opens by double click: light and dark, bars beside the costs, warnings on top."""

from html import escape

from convscope.model.summary import Row, Summary
from convscope.model.summary_text import count, dense_words, share, size, times
from convscope.model.warning import ModelWarning

STYLE = """
:root { color-scheme: light dark; --ground: light-dark(#fbfbfa, #141517); --ink: light-dark(#1d1f23, #e6e7e9);
  --muted: light-dark(#5d6168, #a4a8ae); --line: light-dark(#e4e4e0, #2b2e32); --raised: light-dark(#fff, #1b1d20);
  --bar: light-dark(#c9def3, #24405f); --amber: #ff9f1c }
body { margin: 2rem auto; max-width: 1280px; padding: 0 24px; color: var(--ink); background: var(--ground);
  font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 28px; margin: 0 0 8px } h2 { font-size: 20px; margin: 24px 0 8px } .muted { color: var(--muted) }
dl { display: flex; flex-wrap: wrap; gap: 8px 36px; margin: 16px 0 } dt { font-size: 14px; color: var(--muted) }
dd { margin: 0; font-size: 20px; font-variant-numeric: tabular-nums }
.notice { border-left: 3px solid var(--amber); background: var(--raised); padding: 10px 16px; margin: 8px 0; max-width: 90ch }
.notice p { margin: 0 } .notice code { font-size: .88em }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-size: 14px; width: 100% }
caption { text-align: left; color: var(--muted); padding-bottom: 8px; max-width: 90ch }
th, td { padding: 3px 7px; border-top: 1px solid var(--line); text-align: right; font-weight: 400; white-space: nowrap;
  font-variant-numeric: tabular-nums } thead th { position: sticky; top: 0; background: var(--ground); color: var(--muted) }
tbody th, tfoot th, .left { text-align: left } tbody th, code { font-family: ui-monospace, "DejaVu Sans Mono", monospace }
td.bar { background: linear-gradient(to right, var(--bar) var(--of-largest), transparent var(--of-largest)) no-repeat 0 50% / 100% 70% }
tfoot td, tfoot th { font-weight: 600 } @media print { .scroll { overflow: visible } thead th { position: static } }
"""
COLUMNS = (
    "output", "kernel", "stride", "padding", "field", "share", "parameters", "multiply-adds", "memory",
    "if dense",
)  # fmt: skip
CAPTION = (
    "Receptive fields in input pixels and as a share of the input's side (courses also call the kernel itself receptive "
    "field). Bars: parameters and multiply-adds as a share of the largest. Memory: the output as float32 for one image. "
    "If dense: parameters of a fully connected layer between the same two maps."
)


def page(summary: Summary) -> str:
    """A self-contained HTML page; every name in it is escaped."""
    channels, height, width = summary.input
    title = escape(summary.name)
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="muted">{channels} × {height} × {width} in, {summary.classes} classes out</p>',
        _totals(summary),
        *(_notice(warning) for warning in summary.warnings),
        *(
            f'<p class="muted">{escape(note[:1].upper() + note[1:])}</p>'
            for note in (*dense_words(summary), *summary.notes)
        ),
        _table(summary),
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    body = f"<main>{''.join(parts)}</main>"
    return f'<!doctype html><html lang="en"><head>{head}<style>{STYLE}</style></head><body>{body}</body></html>\n'


def _totals(summary: Summary) -> str:
    facts = (
        ("parameters", f"{summary.parameters:,}"),
        ("multiply-adds an image", f"{summary.multiply_adds:,}"),
        ("activations an image", size(summary.memory)),
        ("weights as stored", size(summary.weight_bytes)),
    )
    return f"<dl>{''.join(f'<div><dt>{name}</dt><dd>{value}</dd></div>' for name, value in facts)}</dl>"


def _notice(warning: ModelWarning) -> str:
    layers = ", ".join(f"<code>{escape(layer)}</code>" for layer in warning.layers)
    return f'<div class="notice"><p>{layers}: {escape(warning.sentence)}.</p><p class="muted">{escape(warning.step)}</p></div>'


def _table(summary: Summary) -> str:
    names = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    head = (
        f'<tr><th scope="col" class="left">layer</th><th scope="col" class="left">operation</th>{names}</tr>'
    )
    most = max(row.parameters for row in summary.rows), max(row.multiply_adds for row in summary.rows)
    body = "".join(_row(row, *most) for row in summary.rows)
    foot = (
        f'<tr><th>sum</th><td colspan="7"></td><td>{summary.parameters:,}</td>'
        f"<td>{summary.multiply_adds:,}</td><td>{size(summary.memory)}</td><td></td></tr>"
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="layers"><table><caption>{CAPTION}</caption>'
        f"<thead>{head}</thead><tbody>{body}</tbody><tfoot>{foot}</tfoot></table></div>"
    )


def _row(row: Row, most_parameters: int, most_multiply_adds: int) -> str:
    window = row.window
    own = (times(window.kernel), times(window.stride), window.padding) if window else ("", "", "")
    plain = [times(row.shape), *own, times(row.field), share(row.share)]
    cells = "".join(f"<td>{text}</td>" for text in plain)
    bars = _bar(row.parameters, most_parameters) + _bar(row.multiply_adds, most_multiply_adds)
    rest = f"<td>{size(row.memory)}</td><td>{count(row.dense)}</td>"
    groups = f" in {row.groups} groups" if row.groups > 1 else ""
    name, operation = escape(row.name), escape(row.operation) + groups
    return f'<tr><th scope="row">{name}</th><td class="left">{operation}</td>{cells}{bars}{rest}</tr>'


def _bar(number: int, most: int) -> str:
    if not number:
        return "<td></td>"
    return f'<td class="bar" style="--of-largest: {100 * number / most:.1f}%">{number:,}</td>'
