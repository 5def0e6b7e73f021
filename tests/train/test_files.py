"""The files of a run: read back, escaped, and honest."""

import csv
import io
import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from rich.console import Console

from convscope.errors import BadAtlas
from convscope.train.config import read_config, write_config
from convscope.train.events import Epoch, Finished, Started, Step
from convscope.train.loop import train
from convscope.train.page import page
from convscope.train.progress import Terminal, clock
from convscope.train.recipe import Recipe

EVIL = '<img src=x onerror="alert(1)">'


def test_a_config_is_read_back_as_it_was_written(tmp_path):
    recipe = Recipe(net="4c3 p2: #x", epochs=3, lr=1e-4, seed=9)
    write_config(tmp_path / "config.yaml", 'my "photos"', recipe)
    assert read_config(tmp_path / "config.yaml") == ('my "photos"', recipe)


def test_a_config_is_yaml(tmp_path):
    yaml = pytest.importorskip("yaml")
    write_config(tmp_path / "config.yaml", "photos: é", Recipe(lr=1e-4, val=0.2))
    settings = yaml.safe_load((tmp_path / "config.yaml").read_text())
    assert (settings["data"], settings["minutes"], settings["val"]) == ("photos: é", None, 0.2)


@pytest.mark.parametrize(
    ("line", "message"),
    [("epochs 3", r"line 2: 'epochs 3' is no 'key: value'"), ("colour: 3", r"the setting 'colour'")],
)
def test_a_broken_config_names_the_line(tmp_path, line, message):
    (tmp_path / "config.yaml").write_text(f'data: "x"\n{line}\n')
    with pytest.raises(BadAtlas, match=message):
        read_config(tmp_path / "config.yaml")


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.text, self.styles = [], "", []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data
        self.styles += [data] if self.lasttag == "style" else []


@pytest.fixture(scope="module")
def run(tmp_path_factory, planted):
    out = tmp_path_factory.mktemp("runs")
    images = planted(classes=(EVIL, "top"))
    train(images, net="4c3 p2", epochs=2, batch=16, out=str(out), name="run", threads=1)
    return out / "run"


def test_the_page_shows_names_as_text_and_asks_nothing_of_the_network(run):
    tags = Tags()
    tags.feed((run / "report.html").read_text())
    assert EVIL in tags.text
    assert not {"script", "link", "iframe"} & {tag for tag, _ in tags.seen}
    sources = [attributes["src"] for _, attributes in tags.seen if "src" in attributes]
    assert sources
    assert all(source.startswith("data:image/") for source in sources)
    assert not any("url(" in text or "http" in text for text in tags.styles)


def test_the_page_says_what_the_report_says(run):
    report = json.loads((run / "report.json").read_text())
    tags = Tags()
    tags.feed((run / "report.html").read_text())
    low, high = report["val"]["interval"]
    assert f"{report['val']['accuracy']:.1%}" in tags.text
    assert f"{low:.1%} to {high:.1%}" in tags.text
    assert "chosen by the validation images" in tags.text


def test_predictions_add_up_to_the_accuracy(run):
    rows = list(csv.DictReader((run / "predictions.csv").read_text().splitlines()))
    report = json.loads((run / "report.json").read_text())
    assert sum(row["label"] == row["predicted"] for row in rows) / len(rows) == report["val"]["accuracy"]
    assert {row["split"] for row in rows} == {"val"}


def test_metrics_have_one_line_an_epoch(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]


def test_a_page_without_epochs_still_stands(run):
    report = json.loads((run / "report.json").read_text())
    assert "While training" in page(report, [dict.fromkeys(("epoch", "loss", "val_loss", "lr"), 1)])
    assert "While training" not in page(report, [])


def test_plain_lines_where_there_is_no_terminal(run):
    report = json.loads((run / "report.json").read_text())
    console = Console(record=True, force_terminal=False, width=60, file=io.StringIO())
    show = Terminal(console)
    show(Started("runs/[bold]x", "4c3", 10, 2, 8, 2, 1, 1, notes=("[red]odd",)))
    show(Step(1, 1, 1, 1, 0.5, 0.5, 75))
    show(Epoch(1, 1, 0.5, 0.5, 0.4, 0.75, 1e-3, 2.0, True))
    show(Finished("runs/x", report))
    text = console.export_text()
    assert "[bold]x" in text
    assert "note: [red]odd" in text
    assert "validation 75.0%" in text
    assert "Look inside: convscope explore" in text


def test_the_live_line_shows_loss_accuracy_and_time_left():
    console = Console(force_terminal=True, width=120, file=io.StringIO())
    show = Terminal(console)
    show(Started("runs/x", "4c3", 10, 2, 8, 2, 1, 1))
    show(Step(1, 1, 1, 1, 0.512, 0.25, 75))
    show.close()
    assert "loss 0.512  accuracy 25.0%  1:15 left" in console.file.getvalue()


def test_clock():
    assert [clock(s) for s in (0, 59.9, 3600)] == ["0:00", "0:59", "60:00"]


def test_recipes_are_plain_and_frozen():
    assert replace(Recipe(), epochs=2) == Recipe(epochs=2)
    with pytest.raises(AttributeError):
        Recipe().epochs = 3
