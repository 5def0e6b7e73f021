"""The report as one page that opens by double click and asks nothing of the network."""

from html import escape
from typing import Any

import numpy as np

from convscope.plain.chart import Line, Panel, chart
from convscope.plain.page import document, heading, paragraph, table
from convscope.train import gallery as pictures
from convscope.train import matrix as confusions
from convscope.train import trust as trusted
from convscope.train.gallery import Gallery

Rows = list[dict[str, Any]]
SKIPPED = 30  # files named that could not be read
STYLE = """
:root { --tile: #efefec } @media (prefers-color-scheme: dark) { :root { --tile: #1f2125 } }
.big { font-size: 56px; line-height: 1.1; font-weight: 600; letter-spacing: -0.02em; margin: 8px 0 0 }
.curves { display: flex; flex-wrap: wrap; gap: 8px 0 } .next { background: var(--tile); border-radius: 8px; padding: 16px 20px; margin-top: 40px }
.next h2 { margin: 0 0 8px } .next pre { margin: 0; overflow-x: auto; font: 14px/1.7 ui-monospace, "DejaVu Sans Mono", monospace }
td.share { --bar: color-mix(in srgb, var(--one) 22%, transparent) }
td.share { background: linear-gradient(90deg, var(--bar) calc(var(--share) * 100%), transparent 0) }
.facts td { text-align: left; white-space: normal; overflow-wrap: anywhere } .facts th { vertical-align: top }
@media print { h2, .thumb, tr, svg { break-inside: avoid } h2 { break-after: avoid } }
"""
STYLES = STYLE + pictures.STYLE + confusions.STYLE + trusted.STYLE


def page(report: dict[str, Any], history: Rows, gallery: Gallery | None = None) -> str:
    """A self-contained HTML page of a report; every name in it is escaped, pictures are inside."""
    split = "test" if "test" in report else "val"
    measured, word = report[split], "test" if split == "test" else "validation"
    parts = [
        *headline(measured, word),
        *weakness(measured),
        *confusion(measured, report["classes"], gallery),
        *calibrated(measured, word),
        *curves(history),
        *data(report),
        *provenance(report),
        onward(report),
    ]
    text = document(report["name"], parts, STYLES)
    return text.encode("utf-8", "replace").decode("utf-8")  # a file's name may hold bytes that are no text


def headline(measured: dict[str, Any], word: str) -> list[str]:
    """The one number, its interval, and what it is to be compared with."""
    low, high = measured["interval"]
    others = [("balanced over classes", measured["balanced_accuracy"]), ("macro F1", measured["macro_f1"])]
    others += [("right among the first five", measured["top_5"])] if "top_5" in measured else []
    return [
        f'<p class="big">{measured["accuracy"]:.1%}</p>',
        paragraph(
            f"of {measured['images']:,} {word} images are named rightly (95 % interval {low:.1%} to {high:.1%}). "
            f"Always naming the commonest class would give {measured['commonest']:.1%}.",
            "lead",
        ),
        paragraph("; ".join(f"{name} {value:.1%}" for name, value in others) + ".", "muted"),
    ]


def weakness(measured: dict[str, Any]) -> list[str]:
    """Class by class, the weakest first."""
    rows = sorted(
        measured["per_class"], key=lambda row: (row["f1"] is not None, row["f1"] or 0, row["class"])
    )
    body = "".join(
        f'<tr><th scope="row">{escape(row["class"])}</th><td>{row["images"]:,}</td>'
        f"{_share(row['recall'])}{_share(row['precision'])}{_share(row['f1'])}</tr>"
        for row in rows
    )
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("class", "images", "recall", "precision", "F1")
    )
    return [
        heading("Class by class"),
        paragraph(
            "The weakest first. Recall: of those that are it, how many were found. Precision: of those called so, "
            "how many are it. F1: the harmonic mean of both.",
            "muted",
        ),
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>',
    ]


def _share(value: float | None) -> str:
    return (
        "<td>–</td>" if value is None else f'<td class="share" style="--share:{value:.3f}">{value:.1%}</td>'
    )


def confusion(measured: dict[str, Any], classes: list[str], gallery: Gallery | None) -> list[str]:
    """What was taken for what, with the pictures, and the surest of the mistakes."""
    pairs = [
        (one["label"], one["predicted"], f"{one['images']:,} of {one['of']:,}")
        for one in measured["confused"]
    ]
    counts = measured["confusion"]
    parts = [heading("What was taken for what"), confusions.matrix(counts, classes, gallery)]
    if len(classes) > confusions.WIDEST:
        words = f"A table of {len(classes)} classes could not be read; these are the most frequent mistakes."
        parts += [paragraph(words, "muted"), table(("it is", "it was called", "images"), pairs)]
    if gallery is not None:
        parts += [
            confusions.cells(counts, classes, gallery),
            heading("The surest mistakes"),
            paragraph("Look here first for pictures that lie in the wrong folder."),
            gallery.surest_mistakes(),
        ]
    return parts


def calibrated(measured: dict[str, Any], word: str) -> list[str]:
    """Whether 80 % sure is 80 % right."""
    about = measured["calibration"]
    temper = about["temperature"]
    if temper == 1:
        fitted = "No temperature was fitted, as no validation image was named wrongly."
    else:
        mood = "too sure of itself" if temper > 1 else "less sure than it could be"
        fitted = (
            f"A temperature of {temper:.2f}, fitted on the validation images by the likelihood of their classes, is "
            f"stored in the model: the network was {mood}. It never changes which class is first."
        )
        if word == "validation":
            fitted += " It is measured here on the very images it was fitted on, so it looks a little better than it is."
    return [
        heading("How far to trust its probabilities"),
        paragraph(
            f"Bars show how often the network was right when it was so sure, in {about['bins']} bins of equal width; on "
            "the dashed line both would be the same. Orange: it was surer than right. Pale blue: it was right more "
            f"often than it thought. Faint bars stand for fewer than {trusted.FEW} images. {fitted}"
        ),
        trusted.trust(measured, word),
    ]


def curves(history: Rows) -> list[str]:
    """Loss, accuracy and learning rate over the epochs."""
    if not history:
        return []
    panels = (
        _panel("accuracy", history, {"accuracy": "training", "val_accuracy": "validation"}, 1.0),
        _panel("loss", history, {"loss": "training", "val_loss": "validation"}),
        _panel("learning rate, in thousandths", history, {"lr": "rate"}, scale=1000),
    )
    drawn = "".join(chart([panel], f"{panel.title} over the epochs", "epoch") for panel in panels)
    words = (
        "In training, pictures are shifted, turned, coloured, covered or mixed as the recipe says and labels smoothed, so "
        "that its loss can lie above that of validation."
    )
    return [heading("While training"), paragraph(words, "muted"), f'<div class="curves">{drawn}</div>']


def _panel(
    title: str, history: Rows, keys: dict[str, str], top: float | None = None, scale: float = 1
) -> Panel:
    epochs = np.array([row["epoch"] for row in history], float)
    lines = []
    for hue, (key, name) in zip(("one", "two"), keys.items(), strict=False):
        values = np.array([np.nan if row.get(key) is None else row[key] * scale for row in history], float)
        lines.append(Line(name, epochs, values, np.zeros(len(values)), hue))
    highest = max((float(np.nanmax(line.y)) for line in lines if np.isfinite(line.y).any()), default=1.0)
    return Panel(title, "", lines, top or _round_up(highest))


def _round_up(value: float) -> float:
    """The next of 1, 2 and 5 times a power of ten, so that an axis has round numbers."""
    if value <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def data(report: dict[str, Any]) -> list[str]:
    """Counts of classes and splits, sizes, and what was noticed."""
    counts = report["contents"]
    splits = list(counts["splits"])
    rows = [(row["class"], *(f"{row[split]:,}" for split in splits)) for row in counts["classes"]]
    rows.append(("all", *(f"{counts['splits'][split]:,}" for split in splits)))
    skipped = [
        (one["path"], one["reason"]) for one in report["skipped"][:SKIPPED]
    ]  # fmt: skip
    notes = "".join(f"<li>{escape(note)}</li>" for note in report["notes"])
    parts = [
        heading("The data"),
        paragraph(f"{report['data']}: {counts['images']:,} images. {_sizes(counts['sizes'])}"),
        table(("class", *splits), rows),
        f"<ul>{notes}</ul>",
    ]
    if skipped:
        words = f"{len(skipped)} shown of {len(report['skipped']):,} files that were not used."
        parts += [paragraph(words, "muted"), table(("file", "why"), skipped)]
    return parts


def _sizes(sizes: dict[str, Any]) -> str:
    if not sizes["measured"]:
        return ""
    small, middle, large = (f"{sizes[key][1]} x {sizes[key][0]}" for key in ("smallest", "median", "largest"))
    if small == large:
        return f"All are {small} pixels."
    return f"Width x height in pixels, of {sizes['measured']:,} looked at: smallest {small}, middle {middle}, largest {large}."


def provenance(report: dict[str, Any]) -> list[str]:
    """Everything the numbers depend on."""
    about = report["environment"]
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items() if number)
    height, width, channels = report["input"]
    lines = [
        ("network", f"{report['net']}, {report['parameters']:,} parameters"),
        ("input", f"{width} x {height} pixels, {channels} channel{'s' if channels > 1 else ''}"),
        ("epochs", f"{report['epochs']}, kept: {report['best_epoch']}"),
        ("seconds of training", f"{report['seconds']:.0f}"),
        ("seed", str(report["seed"])),
        ("threads, device", f"{about.get('threads')}, {about.get('device')}, {about.get('precision')}"),
        ("machine", f"{about.get('platform')}, {about.get('processors')} processors"),
        ("versions", versions),
        ("model", report["model"]),
        ("images", str(about.get("images", "not recorded"))),
    ]
    recipe = [(name, "" if value is None else str(value)) for name, value in report["recipe"].items()]
    return [
        heading("How it was made"),
        _facts(lines),
        f"<details><summary>The whole recipe</summary>{_facts(recipe)}</details>",
    ]


def _facts(lines: list[tuple[str, str]]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in lines
    )
    return f'<div class="scroll"><table class="facts">{rows}</table></div>'


def onward(report: dict[str, Any]) -> str:
    """The lines that open the microscope on this run."""
    steps = "\n".join(escape(step) for step in report["steps"])
    return f'<section class="next"><h2>Look inside: what has every channel learnt to see?</h2><pre>{steps}</pre></section>'
