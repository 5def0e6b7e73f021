"""What a run ends with: report.json, predictions.csv, a model card and a page that says the same."""

import csv
import io
import json
from dataclasses import asdict
from shlex import quote
from typing import Any

import torch

from convscope.model.model import Model
from convscope.plain.files import write_json, write_text
from convscope.train.card import card
from convscope.train.choice import kept_epoch
from convscope.train.contents import contents
from convscope.train.course import TEST, VAL, Course, labelled
from convscope.train.evaluate import measure
from convscope.train.gallery import Gallery
from convscope.train.page import page
from convscope.train.predict import Prediction, predict
from convscope.train.run import environment

CHOSEN = (
    "The epoch was chosen by the validation images (the latest that is not clearly worse than the best), so their "
    "accuracy may be a little better than on new ones."
)
FITTED = "The temperature was fitted on the validation images, so their calibration is a little better than on new ones."
UNFITTED = "No temperature was fitted, as no validation image was named wrongly: how sure to be cannot be told from them."


def write_report(course: Course, history: list[dict[str, Any]], model: Model) -> dict[str, Any]:
    """Measure the model on the images it was not trained on; returns the content of report.json."""
    judges = {split: images for split in (VAL, TEST) if len(images := labelled(course.images, split))}
    predictions = {split: predict(model, images) for split, images in judges.items()}
    measured = {
        split: measure(rows, model.classes, split, model.calibration) for split, rows in predictions.items()
    }
    report = summary(course, history, model) | measured
    folder = course.run.folder
    write_json(folder / "report.json", report)
    write_text(folder / "predictions.csv", table(predictions))
    write_text(folder / "card.md", card(report))
    shown = shown_split(report)
    write_text(folder / "report.html", page(report, history, Gallery(judges[shown], predictions[shown])))
    return report


def shown_split(report: dict[str, Any]) -> str:
    """The split a reader is told of first: test, where there is one."""
    return TEST if TEST in report else VAL


def summary(course: Course, history: list[dict[str, Any]], model: Model) -> dict[str, Any]:
    """All of the report but what was measured."""
    kept = kept_epoch(history) or {}
    folder = str(course.run.folder)
    return {
        "name": course.run.folder.name,
        "data": course.data,
        "net": course.recipe.net,
        "parameters": model.parameters,
        "model": model.id,
        "input": [model.fit.height, model.fit.width, model.fit.channels],
        "classes": list(model.classes),
        "train_images": len(course.train),
        "epochs": course.epochs,
        "best_epoch": kept.get("epoch"),
        "seconds": round(sum(row["seconds"] for row in history), 1),
        "seed": course.recipe.seed,
        "temperature": model.calibration,
        "contents": contents(course.images),
        "skipped": [{"path": one.path, "reason": one.reason} for one in course.images.problems],
        "notes": [*course.notes, CHOSEN, UNFITTED if model.calibration == 1 else FITTED],
        "recipe": asdict(course.recipe),
        "environment": recorded(course),
        "next": f"convscope explore {quote(folder)}",
        "steps": [f"convscope survey {quote(folder)}", f"convscope explore {quote(folder)}"],
    }


def recorded(course: Course) -> dict[str, Any]:
    """Versions, machine and the digest of the images, as they were written when the run began."""
    try:
        return json.loads(course.run.environment.read_text("utf-8"))
    except (OSError, ValueError):  # it was taken away meanwhile; the report is still wanted
        return environment(torch.get_num_threads(), str(course.device), course.recipe.precision)


def table(predictions: dict[str, list[Prediction]]) -> str:
    """One line an image: what it is, what the model says, and how sure it is."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("id", "split", "label", "predicted", "probability"))
    for split, lines in predictions.items():
        for row in lines:
            rows.writerow((row.id, split, row.label, row.predicted, f"{row.probability:.6f}"))
    return text.getvalue()


def report_lines(report: dict[str, Any]) -> list[str]:
    """What a terminal says of a report: how good, where weak, how far to trust it."""
    split = shown_split(report)
    measured = report[split]
    low, high = measured["interval"]
    words = "test" if split == TEST else "validation"
    lines = [
        f"{measured['accuracy']:.1%} of {measured['images']:,} {words} images right "
        f"(95 % interval {low:.1%} to {high:.1%}; the commonest class is {measured['commonest']:.1%} of them)"
    ]
    weakest = sorted(
        (row for row in measured["per_class"] if row["f1"] is not None), key=lambda row: row["f1"]
    )
    named = ", ".join(f"{row['class']} (F1 {row['f1']:.1%} on {row['images']})" for row in weakest[:3])
    if measured["mistakes"]:
        lines.append(f"Weakest classes: {named}")
        pairs = (
            f"{one['label']} as {one['predicted']} ({one['images']} of {one['of']})"
            for one in measured["confused"][:3]
        )
        lines.append(f"Most confused: {', '.join(pairs)}")
    trust = measured["calibration"]
    before = f"{trust['ece_before']:.1%} before the temperature of {trust['temperature']:.2f}; "
    fitted = before if trust["temperature"] != 1 else ""
    lines.append(f"Probabilities are off by {trust['ece']:.1%} on average ({fitted}{trust['bins']} bins)")
    return lines
