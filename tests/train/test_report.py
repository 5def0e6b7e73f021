"""The page, the card and the terminal say what was measured, with the pictures behind it."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.metrics import f1_score, recall_score, top_k_accuracy_score

from convscope.images import open_images
from convscope.train.card import card
from convscope.train.contents import contents
from convscope.train.evaluate import measure
from convscope.train.gallery import PER_CELL, Gallery
from convscope.train.loop import train
from convscope.train.matrix import cells, matrix
from convscope.train.page import page
from convscope.train.predict import Prediction
from convscope.train.report import report_lines

CLASSES = tuple("abcdefg")


def said(count: int = 400) -> tuple[list[Prediction], np.ndarray, np.ndarray]:
    """Answers with mistakes in most cells, their labels and probabilities; class g has no image."""
    chance = np.random.default_rng(6)
    labels = chance.integers(0, 6, count)
    scores = chance.normal(size=(count, 7)) + 2 * np.eye(7)[labels]
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    rows = [
        Prediction(f"{i:05d}", CLASSES[label], CLASSES[int(p.argmax())], float(p.max()), p.astype(np.float32))
        for i, (label, p) in enumerate(zip(labels, shares, strict=True))
    ]
    return rows, labels, shares


def test_single_numbers_agree_with_scikit_learn():
    rows, labels, shares = said()
    found = measure(rows, CLASSES, "drawn")
    winners = shares.argmax(1)
    recall = recall_score(labels, winners, labels=range(6), average="macro")  # g has no image
    assert found["balanced_accuracy"] == pytest.approx(recall)
    assert found["macro_f1"] == pytest.approx(f1_score(labels, winners, average="macro"))
    assert found["top_5"] == pytest.approx(top_k_accuracy_score(labels, shares, k=5, labels=range(7)))
    assert found["commonest"] == np.bincount(labels).max() / len(labels)


def test_mistakes_come_surest_first_and_pairs_most_frequent_first():
    rows, labels, shares = said()
    found = measure(rows, CLASSES, "drawn")
    wrong = shares.argmax(1) != labels
    surest = np.flatnonzero(wrong)[np.argsort(-shares.max(1)[wrong])][:50]
    assert [one["id"] for one in found["mistakes"]] == [f"{i:05d}" for i in surest]
    first = found["confused"][0]
    assert first["images"] == max(
        np.sum((labels == i) & (shares.argmax(1) == j)) for i in range(7) for j in range(7) if i != j
    )


def test_contents_are_counted():
    pixels = [np.zeros((4 + row, 6, 3), np.uint8) for row in range(6)]
    images = open_images(pixels, labels=[0, 1, 0, 1, 1, -1], classes=["a", "b"])
    found = contents(replace(images, splits=("train", "train", "val", "val", "train", "")))
    assert found["classes"] == [{"class": "a", "train": 1, "val": 1}, {"class": "b", "train": 2, "val": 1}]
    assert (found["splits"], found["without_class"]) == ({"train": 3, "val": 2}, 1)
    assert (found["sizes"]["smallest"], found["sizes"]["largest"]) == ([4, 6], [9, 6])


class Anchors(HTMLParser):
    """Where links lead, which ids are there, and how many pictures follow each."""

    def __init__(self, text: str):
        super().__init__()
        self.links, self.pictures, self.here = [], {}, ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "a":
            self.links.append(found["href"].lstrip("#"))
        if "id" in found:
            self.here = found["id"]
            self.pictures[self.here] = []
        if tag == "img":
            self.pictures[self.here].append(found["alt"])


def test_every_number_of_the_matrix_leads_to_its_pictures():
    rows, labels, shares = said()
    found = measure(rows, CLASSES, "drawn")
    gallery = Gallery(open_images(np.zeros((400, 4, 4), np.uint8)), rows)
    seen = Anchors(
        matrix(found["confusion"], list(CLASSES), gallery) + cells(found["confusion"], list(CLASSES), gallery)
    )
    filled = {f"cell-{i}-{j}" for i, j in zip(*np.nonzero(found["confusion"]), strict=True)}
    assert set(seen.links) == set(seen.pictures) == filled
    i, j = (int(part) for part in next(iter(seen.pictures)).split("-")[1:])  # shown unasked
    assert found["confusion"][i][j] == found["confused"][0]["images"]
    expected = np.flatnonzero((labels == i) & (shares.argmax(1) == j))
    surest = expected[np.argsort(-shares.max(1)[expected], kind="stable")][:PER_CELL]
    assert seen.pictures[f"cell-{i}-{j}"] == [f"{row:05d}" for row in surest]


def test_a_cell_says_how_many_of_how_many():
    rows = [Prediction(f"{i:05d}", "a", "b", 0.9, np.array([0.1, 0.9])) for i in range(30)]
    gallery = Gallery(open_images([np.zeros((4, 4), np.uint8)] * 30), rows)
    assert f"{PER_CELL} shown of 30, surest first" in gallery.cell("a", "b")
    assert "24 shown of 30" in gallery.surest_mistakes()


@pytest.fixture(scope="module")
def run(tmp_path_factory, planted):
    out = tmp_path_factory.mktemp("my runs")
    train(planted(classes=("bot|tom", "top")), net="4c3 p2", epochs=1, batch=16, out=str(out), name="run", threads=1)  # fmt: skip
    return out / "run"


def test_the_report_ends_with_the_lines_that_open_the_microscope(run):
    text = (run / "report.html").read_text()
    last = text[text.rindex("<section") :]
    assert f"convscope survey &#x27;{run}&#x27;" in last
    assert f"convscope explore &#x27;{run}&#x27;" in last


def test_where_validation_is_all_there_is_the_page_says_so(run):
    report = json.loads((run / "report.json").read_text())
    report["val"]["calibration"]["temperature"] = 2.0
    assert "on the very images it was fitted on" in page(report, [])
    assert "on the very images it was fitted on" not in page(report | {"test": report["val"]}, [])


def test_the_card_is_markdown_with_the_figures(run):
    report = json.loads((run / "report.json").read_text())
    text = card(report)
    assert (run / "card.md").read_text() == text
    assert f"{report['val']['accuracy']:.1%} of 10 validation images" in text
    assert "bot\\|tom" in text
    assert re.findall("^## (.*)", text, re.MULTILINE) == ["Data", "Figures", "Limits", "Licence", "How to use it"]  # fmt: skip


def test_the_terminal_names_the_weak_classes():
    rows, _, _ = said()
    found = measure(rows, CLASSES, "drawn")
    weakest = min((row for row in found["per_class"] if row["f1"] is not None), key=lambda row: row["f1"])
    lines = "\n".join(report_lines({"val": found}))
    assert f"Weakest classes: {weakest['class']} (F1 {weakest['f1']:.1%}" in lines
    assert "15 bins" in lines
