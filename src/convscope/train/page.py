"""The report as one page that opens by double click and asks nothing of the network."""

from html import escape
from typing import Any

Rows = list[dict[str, Any]]
CURVE_WIDTH, CURVE_HEIGHT = 560, 160
STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1e; --paper: #fff; --line: #d6d6da; --hue: 214 }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf0; --paper: #17171a; --line: #3a3a40 } }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem } .scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
td, th { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: right; font-weight: 400 }
th:first-child, thead th { text-align: left; font-weight: 600 } .big { font-size: 2.2rem; font-weight: 600 }
thead th.down { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 10rem }
svg { max-width: 100%; height: auto } svg text { font: 12px system-ui, sans-serif; fill: currentColor }
code { background: color-mix(in srgb, var(--ink) 8%, transparent); padding: .1rem .3rem }
"""


def page(report: dict[str, Any], history: Rows) -> str:
    """A self-contained HTML page of a report; every name in it is escaped."""
    split = "test" if "test" in report else "val"
    measured = report[split]
    parts = [
        f"<h1>{escape(report['name'])}</h1>",
        headline(measured, split),
        facts(report),
        "<h2>While training</h2>",
        curve(history, ("accuracy", "val_accuracy"), ("training", "validation")),
        curve(history, ("loss", "val_loss"), ("training loss", "validation loss")),
        "<h2>Class by class</h2>",
        class_table(measured["per_class"]),
        "<h2>What was called what</h2><p>Rows are the true classes, columns what the network said.</p>",
        confusion_table(measured["confusion"], report["classes"]),
        "<h2>Notes</h2><ul>" + "".join(f"<li>{escape(note)}</li>" for note in report["notes"]) + "</ul>",
        f"<p>Look inside: <code>{escape(report['next'])}</code></p>",
    ]
    title = escape(report["name"])
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    return f'<!doctype html><html lang="en"><head>{head}<style>{STYLE}</style></head><body>{"".join(parts)}</body></html>\n'


def headline(measured: dict[str, Any], split: str) -> str:
    low, high = measured["interval"]
    words = "test" if split == "test" else "validation"
    return (
        f'<p><span class="big">{measured["accuracy"]:.1%}</span> of {measured["images"]} {words} images '
        f"are named rightly (95 % interval {low:.1%} to {high:.1%}).</p>"
    )


def facts(report: dict[str, Any]) -> str:
    lines = (
        ("data", report["data"]),
        ("network", report["net"]),
        ("parameters", f"{report['parameters']:,}"),
        ("training images", f"{report['train_images']:,}"),
        ("epochs", f"{report['epochs']}, best {report['best_epoch']}"),
        ("seconds", f"{report['seconds']:.0f}"),
        ("seed", report["seed"]),
    )
    rows = "".join(f"<tr><th>{name}</th><td>{escape(str(value))}</td></tr>" for name, value in lines)
    return f"<table>{rows}</table>"


def curve(history: Rows, keys: tuple[str, ...], words: tuple[str, ...]) -> str:
    """Lines over the epochs as inline SVG, the second one dashed."""
    if not history:
        return ""
    values = [row[key] for row in history for key in keys]
    low, high = min(*values, 0.0), max(values) or 1.0
    lines = []
    for key, word, dash in zip(keys, words, ("", "6 4"), strict=True):
        points = [
            (
                index / max(len(history) - 1, 1) * CURVE_WIDTH,
                CURVE_HEIGHT * (1 - (row[key] - low) / (high - low)),
            )
            for index, row in enumerate(history)
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        lines.append(
            f'<polyline points="{path}" fill="none" stroke="currentColor" stroke-width="2"{dashes}/>'
            f'<text x="{points[-1][0] + 6:.1f}" y="{points[-1][1] + 4:.1f}">'
            f"{word} {history[-1][key]:.3f}</text>"
        )
    box = f"-4 -12 {CURVE_WIDTH + 190} {CURVE_HEIGHT + 24}"
    return f'<svg viewBox="{box}" role="img" aria-label="{words[0]} and {words[1]}">{"".join(lines)}</svg>'


def class_table(rows: Rows) -> str:
    """Images, precision, recall and F1 of every class."""
    share = lambda value: "–" if value is None else f"{value:.1%}"  # noqa: E731
    body = "".join(
        f"<tr><th>{escape(row['class'])}</th><td>{row['images']}</td><td>{share(row['precision'])}</td>"
        f"<td>{share(row['recall'])}</td><td>{share(row['f1'])}</td></tr>"
        for row in rows
    )
    head = "<tr><th>class</th><th>images</th><th>precision</th><th>recall</th><th>F1</th></tr>"
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>'


def confusion_table(confusion: list[list[int]], classes: list[str]) -> str:
    head = "".join(f'<th class="down">{escape(name)}</th>' for name in classes)
    body = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(_cell(n, sum(row)) for n in row)}</tr>"
        for name, row in zip(classes, confusion, strict=True)
    )
    return f'<div class="scroll"><table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(count: int, total: int) -> str:
    if not count:
        return "<td></td>"
    shade = 10 + 70 * count / total
    return f'<td style="background: hsl(var(--hue) 80% 50% / {shade:.0f}%)">{count}</td>'
