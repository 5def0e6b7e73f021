"""The way of a newcomer: train, evaluate, predict, survey, look, sheet, summary, publish."""

import csv
import json
import re
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch

import convscope as cs

from .conftest import COLOURS, convscope, draw_shapes


def test_training_ends_by_naming_the_next_command(trained):
    run, answer = trained
    assert (answer.code, answer.err) == (0, "")
    assert re.search(r"\d+ training and \d+ validation images, 2 epochs", answer.out)
    assert f"Look inside: convscope explore {run}" in answer.out


def test_a_run_folder_holds_what_the_plan_promises(trained):
    run, _ = trained
    promised = {
        "model",
        "config.yaml",
        "split.csv",
        "metrics.jsonl",
        "checkpoints",
        "predictions.csv",
        "report.html",
    }
    assert promised | {"report.json", "env.json"} <= {path.name for path in run.iterdir()}
    report = json.loads((run / "report.json").read_text())
    assert 0 <= report["val"]["accuracy"] <= 1
    assert report["val"]["images"] == 9
    assert not [path for path in run.rglob("*") if path.suffix in (".pt", ".pkl", ".pth")]


def test_evaluate_says_what_the_report_says(trained):
    run, _ = trained
    reported = json.loads((run / "report.json").read_text())["val"]
    found = json.loads(convscope("evaluate", run, "--json").out)
    assert found["accuracy"] == reported["accuracy"]
    words = convscope("evaluate", run).out.splitlines()
    assert words[0].startswith(f"{found['accuracy']:.1%} of 9 images right (95 % interval ")
    assert [line.split(":")[0].strip() for line in words[1:4]] == list(COLOURS)
    assert f"off by {reported['calibration']['ece']:.1%} on average" in words[-1]


def test_predict_says_the_same_as_table_csv_and_json(run, photos):
    table = convscope("predict", run, photos / "disc" / "00.png", photos / "square", "--top", 2).out
    rows = json.loads(
        convscope("predict", run, photos / "disc" / "00.png", photos / "square", "--top", 2, "--json").out
    )
    lines = list(csv.DictReader(StringIO(
        convscope("predict", run, photos / "disc" / "00.png", photos / "square", "--top", 2, "--format", "csv").out
    )))  # fmt: skip
    assert len(rows) == 17
    assert [row["image"] for row in rows for _ in range(2)] == [line["image"] for line in lines]
    assert [best["class"] for row in rows for best in row["top"]] == [line["class"] for line in lines]
    for row, line in zip(rows, table.splitlines(), strict=True):
        best = row["top"][0]
        assert line.startswith(f"{row['image']}  {best['class']} {best['probability']:.1%}")


def test_predict_equals_the_network_itself(run, photos):
    model = cs.open_model(run)
    image = cs.open_images(photos / "stripes" / "03.png")[0]
    expected = (model.scores(model.preprocess(image)[None]) / model.temperature).softmax(1)[0]
    said = json.loads(convscope("predict", run, photos / "stripes" / "03.png", "--json").out)[0]["top"]
    assert {row["class"]: row["probability"] for row in said} == pytest.approx(
        dict(zip(model.classes, expected.tolist(), strict=True)), abs=1e-6
    )


def test_predict_takes_a_pattern_and_skips_what_it_cannot_read(run, photos, tmp_path):
    (tmp_path / "a.png").write_bytes((photos / "disc" / "00.png").read_bytes())
    (tmp_path / "b.png").write_text("no picture")
    answer = convscope("predict", run, tmp_path / "*.png")
    assert answer.code == 0
    assert len(answer.out.splitlines()) == 1
    assert re.fullmatch(r"convscope: skipped .*b\.png: not an image .*\n", answer.err)


def test_the_survey_says_what_it_found_and_what_to_do_next(surveyed):
    run, answer = surveyed
    assert answer.code == 0
    assert answer.err == (
        "counting: 48 images\npatches: 4 layers\nfirst projections: 4 layers\nprojections: 4 layers\n"
    )  # not a terminal: a line a stage
    assert answer.out == (
        f"{run / 'atlas'}: 4 layers, 29 channels, 48 images\nOpen it: convscope explore {run / 'atlas'}\n"
    )


def test_the_winners_are_the_strongest_of_what_the_network_says(run, photos):
    """Given the run alone, a hook on its rectifier finds the same nine values and images."""
    atlas, model = cs.open_atlas(run), cs.open_model(run)
    images = cs.open_images(photos).sorted_by_id()
    seen = []
    hook = model.module.get_submodule("relu2").register_forward_hook(
        lambda *call: seen.append(call[2].detach().amax((2, 3)))
    )
    model.scores(torch.stack([model.preprocess(image) for image in images]))
    hook.remove()
    strongest = seen[0].T.sort(dim=1, descending=True)
    assert atlas.stage == "complete"
    assert atlas.images.ids == images.ids
    np.testing.assert_allclose(atlas.winners("relu2")["value"], strongest.values[:, :9], rtol=1e-5)
    best = np.take_along_axis(seen[0].numpy().T, atlas.winners("relu2")["image"], axis=1)
    np.testing.assert_allclose(best, atlas.winners("relu2")["value"], rtol=1e-5)


def test_look_writes_one_picture_and_says_what_it_does_not_show(run, photos, here):
    answer = convscope("look", photos / "disc" / "00.png", "--model", run, "--unit", "relu2:3")
    assert answer.code == 0
    assert answer.out.startswith("00-relu2-3-deconvnet.png: deconvnet projection of shapes relu2:3@")
    assert "Not shown: It shows structure" in answer.out
    assert cs.open_images(here / "00-relu2-3-deconvnet.png")[0].shape == (32, 32, 3)


@pytest.mark.parametrize("lens", ["deconvnet", "gradient", "guided", "gradcam", "occlusion:size=8,stride=8"])
def test_look_by_the_name_of_a_class(run, photos, here, lens):
    words = ("--model", run, "--unit", "square", "--lens", lens, "--out", "x.png", "--json")
    seen = json.loads(convscope("look", photos / "square" / "01.png", *words).out)
    assert (seen["unit"], seen["path"]) == ("logits:1", "x.png")
    assert seen["input_box"] == [0, 0, 32, 32]
    assert seen["validity"]["sentence"]


def test_sheet_finds_the_end_of_the_chain(run, here):
    answer = convscope("sheet", run, "--layer", "conv2", "-o", "conv2.png")
    assert answer.code == 0
    assert answer.out.startswith(
        "conv2.png: 8 of 8 channels of relu2 (conv2 is shown where its chain ends, at relu2)\n"
    )
    assert cs.open_images("conv2.png")[0].shape[1] > 500


def test_summary_is_the_networks_own_arithmetic(run):
    said = json.loads(convscope("summary", run, "--json").out)
    assert said["parameters"] == sum(p.numel() for p in cs.open_model(run).module.parameters())
    table = convscope("summary", run).out
    assert re.search(r"conv2 +conv2d 3x3 padding 1 +8x16x16 +8 +25% +440 +110,592 +8.2 kB", table)
    assert "dense layers between the same maps would need" in table


def test_publish_writes_pages_that_link_only_to_themselves(run, here):
    said = json.loads(convscope("publish", run, "site", "--json").out)
    files = [path for path in Path("site").rglob("*") if path.is_file()]
    assert len(files) == said["files"]
    assert any("your images" in warning for warning in said["warnings"])
    pages = "".join(path.read_text() for path in files if path.suffix == ".html")
    assert not re.search(r"""(?:src|href)=["']?(?:https?:|//|/)""", pages)
    assert convscope("publish", run, "site").out.endswith("open site/index.html\n")  # again, over its own


def test_every_report_is_json_where_asked(run, photos, here):
    commands = [
        ("survey", run, "--into", "again", "--photos", "0", "--layers", "relu1", "--project", "none"),
        ("publish", "again", "site"),
        ("train", photos, "--net", "4c3 fc8", "--epochs", "1", "--threads", "1", "--out", "r"),
    ]
    for words in commands:
        answer = convscope(*words, "--json")
        assert answer.code == 0, answer.err
        assert isinstance(json.loads(answer.out), dict)


def test_python_speaks_the_same_words(run, photos):
    seen = cs.look(cs.open_model(run), photos / "disc" / "02.png", "relu2:3", cs.Gradient())
    assert seen.array.shape == (32, 32, 3)
    assert cs.summary(cs.open_model(run)).as_dict()["classes"] == 3
    assert cs.predict(cs.open_model(run), cs.open_images(photos))[0].predicted in COLOURS


def test_the_users_pictures_are_never_touched(run, photos, tmp_path):
    fresh = draw_shapes(tmp_path / "fresh")
    before, after = (
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*.*")} for root in (fresh, photos)
    )
    assert before == after


@pytest.mark.parametrize(
    "command",
    [
        "train",
        "survey",
        "explore",
        "publish",
        "look",
        "stack",
        "sheet",
        "predict",
        "evaluate",
        "summary",
        "demo",
    ],
)
def test_every_command_explains_itself(command):
    answer = convscope(command, "--help")
    assert answer.code == 0
    assert answer.out.startswith(f"Usage: convscope {command}")


def test_two_shards_and_a_last_word_make_the_atlas(own_run, here):
    """Given no atlas, each shard says how far the survey is and what to do, and the last command finishes it."""
    for turn, words in (("count", "4 of 9|9 of 9"), ("draw", "9 of 9")):
        for shard in ("1/2", "2/2"):
            answer = convscope("survey", own_run, "--batch", "1", "--into", "shared", "--shard", shard)
            assert answer.code == 0, answer.err
            assert re.match(rf"shard {shard}: ({words}) work units are counted", answer.out), turn
    assert "give the command once without --shard to finish the atlas" in answer.out
    assert convscope("survey", own_run, "--batch", "1", "--into", "shared").code == 0
    assert cs.open_atlas("shared").stage == "complete"
