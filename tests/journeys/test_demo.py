"""The demo's bookkeeping, with a small run in place of the bundled pictures: finished work is used again."""

import json
import shutil
from dataclasses import replace

import pytest

from convscope.ask import demo
from convscope.explorer import serve as server
from convscope.train import loop

from .conftest import convscope

QUICKLY = {"net": "6c3 p2 8c3 p2 fc12", "epochs": 2, "threads": 1, "val": 0.2}


@pytest.fixture
def told(run, here, monkeypatch):
    """What the demo did, in order; training and survey are copies of what was made before."""
    done = []

    def train(data, folder, listen):
        done.append(f"train {data}")
        shutil.copytree(run, folder, ignore=shutil.ignore_patterns("atlas"))

    def survey(folder, listen):
        done.append("survey")
        shutil.copytree(run / "atlas", folder / "atlas", dirs_exist_ok=True)

    monkeypatch.setattr(demo, "_train", train)
    monkeypatch.setattr(demo, "_survey", survey)
    monkeypatch.setattr(server, "serve", lambda path, **_: done.append(f"serve {path}"))
    return done


def test_the_first_time_it_trains_surveys_and_serves(told, here):
    assert convscope("demo", "--no-browser").code == 0
    assert told == ["train emoji", "survey", "serve runs/demo/atlas"]


def test_again_it_only_serves(told, here):
    convscope("demo", "--no-browser")
    told.clear()
    assert convscope("demo", "--no-browser").code == 0
    assert told == ["serve runs/demo/atlas"]


@pytest.mark.parametrize("lost", ["stage", "atlas"])
def test_a_survey_that_was_stopped_is_done_again_and_training_is_not(told, here, lost):
    convscope("demo", "--no-browser")
    told.clear()
    if lost == "stage":
        path = here / "runs/demo/atlas/atlas.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"stage": "pictures"}))
    else:
        shutil.rmtree(here / "runs/demo/atlas")
    assert convscope("demo", "--no-browser").code == 0
    assert told == ["survey", "serve runs/demo/atlas"]


def test_another_set_has_a_run_of_its_own(told, here):
    assert convscope("demo", "--data", "fashion", "--no-browser", "--out", "kept").code == 0
    assert told == ["train fashion", "survey", "serve kept/demo-fashion/atlas"]


@pytest.mark.parametrize("left", [(), ("config.yaml", "split.csv")])
def test_a_demo_that_was_killed_before_it_first_saved_begins_again(run, photos, here, monkeypatch, left):
    """Given what such a demo leaves behind, an empty folder or a run without checkpoints, the run is made there."""
    folder = here / "runs" / "demo"
    folder.mkdir(parents=True)
    for name in left:
        shutil.copy(run / name, folder)
    train = loop.train
    monkeypatch.setattr(
        loop, "train", lambda data, asked, **rest: train(data, replace(asked, **QUICKLY), **rest)
    )
    demo._train(str(photos), folder, lambda event: None)
    assert (folder / "report.json").is_file()
    assert [path.name for path in folder.parent.iterdir()] == ["demo"]
