"""What a run ends with: report.json, predictions.csv and a page that says the same."""

import csv
import io
from typing import Any

from convscope.model.model import Model
from convscope.plain.files import write_json, write_text
from convscope.train.course import TEST, VAL, Course, labelled
from convscope.train.evaluate import Prediction, measure, predict
from convscope.train.page import page

CHOSEN = (
    "The epoch was chosen by the validation images, so their accuracy is a little better than on new ones."
)


def write_report(course: Course, history: list[dict[str, Any]], model: Model) -> dict[str, Any]:
    """Measure the model on the images it was not trained on; returns the content of report.json."""
    predictions = {
        split: predict(model, images)
        for split in (VAL, TEST)
        if len(images := labelled(course.images, split))
    }
    measured = {split: measure(rows, model.classes, split) for split, rows in predictions.items()}
    report = summary(course, history, model) | measured
    write_json(course.run.folder / "report.json", report)
    write_text(course.run.folder / "predictions.csv", table(predictions))
    write_text(course.run.folder / "report.html", page(report, history))
    return report


def summary(course: Course, history: list[dict[str, Any]], model: Model) -> dict[str, Any]:
    best = min(history, key=lambda row: (-row["val_accuracy"], row["val_loss"]), default={})
    return {
        "name": course.run.folder.name,
        "data": course.data,
        "net": course.recipe.net,
        "parameters": model.parameters,
        "model": model.id,
        "classes": list(model.classes),
        "train_images": len(course.train),
        "epochs": course.epochs,
        "best_epoch": best.get("epoch"),
        "seconds": round(sum(row["seconds"] for row in history), 1),
        "seed": course.recipe.seed,
        "skipped": [{"path": one.path, "reason": one.reason} for one in course.images.problems],
        "notes": [*course.notes, CHOSEN],
        "next": f"convscope explore {course.run.folder}",
    }


def table(predictions: dict[str, list[Prediction]]) -> str:
    """One line an image: what it is, what the model says, and how sure it is."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("id", "split", "label", "predicted", "probability"))
    for split, lines in predictions.items():
        for row in lines:
            rows.writerow((row.id, split, row.label, row.predicted, f"{row.probability:.6f}"))
    return text.getvalue()
