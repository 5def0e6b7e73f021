"""Findings as one page with the pictures in it, that opens by double click and asks nothing of the network."""

from html import escape
from pathlib import Path

from convscope.check.findings import Finding, Findings
from convscope.errors import BadImages
from convscope.images.source import Images
from convscope.plain.embedded import embedded
from convscope.plain.files import write_text

SIDE = 144  # pixels of a thumbnail
GROUPS, MEMBERS = 40, 6  # shown of a finding, of a group
WORDS = {"grave": "grave", "warning": "warning", "note": "note"}
STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1e; --soft: #6b6b70; --paper: #fff; --line: #dcdce0; --tile: #f3f3f5;
  --grave: #b3261e; --warning: #8a5a00; --note: #5f6368 }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf0; --soft: #a0a0a8; --paper: #17171a; --line: #37373d;
  --tile: #222226; --grave: #ff8a80; --warning: #ffc14d; --note: #a0a0a8 } }
* { box-sizing: border-box }
body { margin: 2rem auto; max-width: 66rem; padding: 0 1rem; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem; margin-bottom: 0 } h2 { font-size: 1.1rem; margin: 0 }
.soft, figcaption, .step { color: var(--soft) } a { color: inherit }
section { border-top: 1px solid var(--line); padding: 1.25rem 0 }
.tag { font-size: .8rem; font-weight: 600; letter-spacing: .02em }
.grave .tag { color: var(--grave) } .warning .tag { color: var(--warning) } .note .tag { color: var(--note) }
.step { margin: .25rem 0 0 } .groups { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1rem }
.group { background: var(--tile); border-radius: 8px; padding: .6rem; max-width: 100% }
.row { display: flex; gap: .6rem; flex-wrap: wrap }
figure { margin: 0; width: 144px } figure img, .gone { display: block; width: 144px; height: 144px; object-fit: contain }
.gone { display: grid; place-items: center; color: var(--soft); font-size: .8rem; text-align: center; padding: .5rem;
  border: 1px dashed var(--line) }
figcaption { font-size: .75rem; line-height: 1.3; overflow-wrap: anywhere; margin-top: .3rem }
.detail { font-size: .8rem; margin-top: .4rem; max-width: 300px; overflow-wrap: anywhere }
.counts { display: flex; gap: 1.25rem; margin: .5rem 0 1.5rem; padding: 0; list-style: none }
.counts b { font-size: 1.4rem; font-variant-numeric: tabular-nums }
"""


def write_page(images: Images, findings: Findings, path: Path) -> None:
    """Write the page; raises BadOutput."""
    write_text(path, page(images, findings))


def page(images: Images, findings: Findings) -> str:
    """A self-contained HTML page; every name in it is escaped, pictures carry no metadata."""
    rows = {name: row for row, name in enumerate(images.ids)}
    title = escape(f"{findings.name}: what a check found")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    body = "".join(_section(images, rows, one) for one in findings)
    intro = f"<h1>{escape(findings.name)}</h1><p class=soft>{findings.images:,} images, {len(findings.classes)} classes. Nothing of them was changed.</p>{_counts(findings)}"  # fmt: skip
    text = f'<!doctype html><html lang="en"><head>{head}<style>{STYLE}</style></head><body>{intro}{body or "<p>Nothing was found.</p>"}</body></html>\n'
    return text.encode("utf-8", "replace").decode("utf-8")


def _counts(findings: Findings) -> str:
    counts = {gravity: sum(one.gravity == gravity for one in findings) for gravity in WORDS}
    items = "".join(
        f'<li class="{gravity}"><b>{counts[gravity]}</b> <span class=tag>{word}{_plural(gravity, counts[gravity])}</span></li>'
        for gravity, word in WORDS.items()
    )
    return f"<ul class=counts>{items}</ul>"


def _plural(gravity: str, count: int) -> str:
    return "s" if gravity != "grave" and count != 1 else ""


def _section(images: Images, rows: dict[str, int], finding: Finding) -> str:
    details = finding.details or ("",) * len(finding.groups)
    shown = list(zip(finding.groups, details, strict=True))[:GROUPS]
    groups = "".join(_group(images, rows, group, detail) for group, detail in shown)
    more = (
        f"<p class=soft>{len(shown)} shown of {len(finding.groups):,}.</p>"
        if len(finding.groups) > GROUPS
        else ""
    )
    step = f"<p class=step>{escape(finding.next_step)}</p>" if finding.next_step else ""
    tag = f"<span class=tag>{finding.gravity}: {escape(finding.kind)}</span>"
    gallery = f"<div class=groups>{groups}</div>" if groups else ""
    return f'<section class="{finding.gravity}">{tag}<h2>{escape(finding.sentence)}</h2>{step}{gallery}{more}</section>'


def _group(images: Images, rows: dict[str, int], group: tuple[str, ...], detail: str) -> str:
    figures = "".join(_figure(images, rows.get(name), name) for name in group[:MEMBERS])
    more = f"{MEMBERS} shown of {len(group)}" if len(group) > MEMBERS else ""
    words = ", ".join(filter(None, (detail, more)))
    below = f"<div class=detail>{escape(words)}</div>" if words else ""
    return f"<div class=group><div class=row>{figures}</div>{below}</div>"


def _figure(images: Images, row: int | None, name: str) -> str:
    picture = None if row is None else _thumbnail(images, row)
    shown = f'<img src="{picture}" alt="" loading="lazy">' if picture else "<div class=gone>no picture</div>"
    return f"<figure>{shown}<figcaption>{escape(name)}</figcaption></figure>"


def _thumbnail(images: Images, row: int) -> str | None:
    """The picture as a data URI, made anew from its pixels; None where it cannot be read any more."""
    try:
        return embedded(images[row], SIDE)
    except BadImages:
        return None
