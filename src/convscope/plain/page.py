"""A page that opens by double click: no script, nothing fetched, light and dark as the reader has it."""

from collections.abc import Iterable, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1d1f23; --paper: #fbfbfa; --muted: #5d6168; --line: #e0e0dc;
  --one: #0b5cad; --two: #b4560a }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e7e9; --paper: #141517; --muted: #a4a8ae;
  --line: #34373c; --one: #7cb8ff; --two: #ffb056 } }
* { box-sizing: border-box } body { margin: 0 auto; padding: 24px; max-width: 1080px; color: var(--ink);
  background: var(--paper); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word }
h1 { font-size: 28px; line-height: 1.25; margin: 0 0 8px } h2 { font-size: 20px; margin: 40px 0 8px }
p { max-width: 72ch; margin: 0 0 12px } .muted, figcaption { color: var(--muted) } .lead { font-size: 18px }
figure { margin: 0 0 28px } figcaption { font-size: 14px; margin-bottom: 6px }
figcaption b { color: var(--ink); font-size: 16px } img, svg { display: block; max-width: 100%; height: auto }
.scroll { overflow-x: auto } .scroll > * { max-width: none } .pixels, .strip { image-rendering: pixelated } .pixels { width: 224px } .strip { width: 100% }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; margin-bottom: 16px }
td, th { padding: 3px 7px; border-bottom: 1px solid var(--line); text-align: right; font-weight: 400;
  white-space: nowrap } th:first-child { text-align: left } thead th { font-weight: 600 }
code { font: 0.9em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere }
"""


def document(title: str, parts: Iterable[str], style: str = "") -> str:
    """A whole page; ``parts`` are HTML, ``title`` is text, ``style`` is added to the page's own.

    >>> document("maps", ["<p>one</p>"]).count("maps")
    2
    """
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style>"
    )
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head>\n'
        f"<body><main><h1>{escape(title)}</h1>\n{body}\n</main></body></html>\n"
    )


def paragraph(text: str, kind: str = "") -> str:
    """One paragraph of text, ``kind`` being lead or muted."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def scroll(content: str) -> str:
    """Wide content that scrolls by itself, so that the page does not."""
    return f'<div class="scroll">{content}</div>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of text cells; the first of a row names it."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return scroll(f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>")


def figure(name: str, caption: str, content: str) -> str:
    """A named figure under its caption; ``content`` is HTML."""
    return f"<figure><figcaption><b>{escape(name)}</b> {escape(caption)}</figcaption>{content}</figure>"


def picture(source: str, words: str, width: int, height: int, kind: str = "") -> str:
    """An image beside the page, its size known before it is loaded."""
    mark = f' class="{kind}"' if kind else ""
    return (
        f'<img src="{escape(source)}" alt="{escape(words)}" width="{width}" height="{height}"{mark} '
        'loading="lazy">'
    )
