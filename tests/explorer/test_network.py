"""The page of the network and that of its training: everything listed, in whatever atlas, and scripts that agree."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from convscope.atlas import layout
from convscope.atlas.read import open_atlas
from convscope.atlas.write import write_evolution, write_manifest, write_picture
from convscope.errors import BadAtlas
from convscope.explorer.app import create_app
from convscope.explorer.network import blocks
from convscope.explorer.network_drawing import arrange
from convscope.explorer.training import run_of
from convscope.plain.graph import Graph, Node

from . import synthetic
from .asking import ask
from .conftest import running
from .visiting import visit

EPOCHS = (0, 1, 2, 5)
SHAPES = {name: shape for name, shape, *_ in synthetic.LAYERS}


def node(name, path, operation="conv2d", words="conv 3x3 padding 1, relu"):
    return Node(name, path, operation, words, SHAPES.get(name, (10, 8, 8)), (5, 5), 1000, 2_000_000)


GRAPH = Graph(
    (
        node("relu1", "stem.conv"), node("pool", "stem.pool", "max_pool2d", "max pool 2x2 stride 2"),
        node("layer2.0.relu#2", "layer2.0.conv"), node("layer2.1.conv", "layer2.1.conv"),
        node("layer2.1.add", "layer2.1", "add", "sum, relu"), node("head", "head", "linear", "fully connected"),
    ),
    ((-1, 0), (0, 1), (1, 2), (2, 3), (2, 4), (3, 4), (4, 5), (1, 5)),
)  # fmt: skip


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """An atlas in a run folder, with its graph and with channels at four epochs."""
    run = tmp_path_factory.mktemp("run")
    made = synthetic.build(run / "atlas")
    write_manifest(made.path, made.manifest | {"graph": GRAPH.as_dict()})
    channels, rng = [1, 7], np.random.default_rng(0)
    grid = (len(channels), len(EPOCHS))
    places = dict.fromkeys(("image", "y", "x", "scale"), np.zeros(grid))
    write_evolution(made.path, "relu1", {
        "epoch": np.array(EPOCHS), "channel": np.array(channels), "row": np.arange(6),
        "value": rng.random(grid), **places, "image": np.array([[0, 0, 3, 3], [1, 1, 1, 1]]),
        "alike": np.tile([0.25, 0.5, 0.95, 1], (10, 1)), "same": np.tile([0, 0, 0, 1], (10, 1)),
    })  # fmt: skip
    for channel in channels:
        path = layout.evolution_picture(made.path, "relu1", channel)
        write_picture(path, np.full((2 * synthetic.TILE, 4 * synthetic.TILE, 3), 90, dtype=np.uint8))
    lines = [line(epoch, 0.2 * epoch) for epoch in (1, 2, 3, 4)]
    (run / "metrics.jsonl").write_text("\n".join([*lines, '{"epoch": 5, "lo']), "utf-8")
    (run / "report.json").write_text(json.dumps({"model": "0" * 64}), "utf-8")
    return open_atlas(run)


def line(epoch, accuracy):
    return json.dumps({
        "epoch": epoch, "loss": 1 / epoch, "accuracy": accuracy, "val_loss": 2 / epoch,
        "val_accuracy": accuracy / 2, "lr": 0.1,
    })  # fmt: skip


def text(atlas, path, query=""):
    reply = ask(create_app(atlas), path, query=query)
    assert reply.status == 200
    return reply.text


def test_blocks_are_modules_deep_enough_to_be_told_apart(grown):
    assert [block.name for block in blocks(grown)] == [
        "stem.conv",
        "stem.pool",
        "layer2.0",
        "layer2.1",
        "head",
    ]
    assert [len(block.steps) for block in blocks(grown)] == [1, 1, 1, 2, 1]


def test_a_step_lies_below_all_it_reads_and_never_on_another(grown):
    for block in blocks(grown):
        at = arrange(block)
        assert len(set(at.values())) == len(block.steps)
        assert all(at[source][1] < at[target][1] for source, target in block.edges if source in at)


def test_the_page_lists_every_step_with_its_cost_and_what_it_reads_besides(grown):
    page = text(grown, "/network/", "open=layer2.1")
    assert page.count("data-row=") == page.count("data-step=") == len(GRAPH.nodes)
    assert "also reads stem.pool" in page
    assert '<details id="layer2.1" open>' in page
    assert page.count(" open>") == 1
    assert "12 M" in page  # six times two millions
    assert "made before the graph was kept" not in page


def test_an_older_atlas_shows_its_layers_in_a_line_and_says_so(half_made):
    page = text(half_made, "/network/")
    assert "made before the graph was kept" in page
    assert page.count("data-row=") == len(synthetic.LAYERS)


def test_a_graph_that_points_backwards_is_refused_by_name(grown, tmp_path):
    shutil.copytree(grown.path, tmp_path / "atlas")
    bad = GRAPH.as_dict() | {"edges": [[4, 2]]}
    write_manifest(tmp_path / "atlas", grown.manifest | {"graph": bad})
    with pytest.raises(BadAtlas, match=r"atlas\.json is damaged \(ValueError: arrow from 4 to 2"):
        _ = open_atlas(tmp_path / "atlas").graph


def test_a_run_is_read_up_to_its_last_whole_line(grown):
    run = run_of(grown)
    assert run is not None
    assert [one.epoch for one in run.epochs] == [1, 2, 3, 4]
    assert run.best.epoch == 4  # of a run that does not say which was kept, the most accurate
    assert run.gap == pytest.approx(0.4)
    assert run.made(grown)
    said = tuple(replace(one, kept=one.epoch in (1, 3)) for one in run.epochs)
    assert replace(run, epochs=said).best.epoch == 3


def test_training_shows_curves_and_every_channel_that_was_followed(grown):
    page = text(grown, "/training/")
    assert page.count("<polyline") == 4
    assert page.count('class="grown"') == 2
    assert "80.0 %" in page
    assert "not those that the run ended with" not in page
    settled = re.findall(r"(\d\.\d\d) <span>(\d+) %", page)
    assert settled == [("0.25", "0"), ("0.50", "0"), ("0.95", "0"), ("1.00", "100")]
    assert "<td>epoch 2</td></tr>" in page  # settled from epoch 2 on
    assert page.count('<li class="other">') == 1  # the first channel's image changes once
    assert ask(create_app(grown), "/layers/relu1/evolution/7.jpg").status == 200
    assert 'href="../../training/#relu1-7"' in text(grown, "/layer/relu1/", "c=7")
    assert 'id="relu1-7"' in page
    assert "how it grew" not in text(grown, "/layer/relu1/", "c=2")


def test_without_a_run_the_page_names_the_commands(half_made):
    page = text(half_made, "/training/")
    assert "convscope train DATA" in page
    assert "convscope evolve RUN" in page


@pytest.mark.browser
def test_scripts_find_steps_and_turn_the_epoch_and_keep_both_in_the_address(browser, grown):
    with running(grown) as url:
        with visit(browser, f"{url}network/?open=head") as page:
            assert page.locator("details[open]").count() == 1
            assert page.locator("main output").inner_text() == ""  # nothing was sought yet
            page.fill("#find", "conv 3x3")
            assert page.locator("main output").inner_text() == "3 found"
            assert page.locator("g.hit").count() == 3
            assert {"layer2.0", "layer2.1", "head"} <= set(page.evaluate("Scope.get('open').split(',')"))
        with visit(browser, f"{url}training/?epoch=3#relu1-7") as page:
            assert page.url.endswith("#relu1-7")  # where a channel's panel led to
            output = page.locator("main output")
            assert output.inner_text() == "2"
            page.locator("#epoch").press("End")
            assert output.inner_text() == "5"
            left = page.evaluate("getComputedStyle(document.querySelector('.grown'), '::after').left")
            width = page.locator(".grown").first.bounding_box()["width"]
            assert float(left[:-2]) == pytest.approx(width * 3 / 4, abs=1)
            page.click("#alone summary")
            first, shown = page.locator(".grown").first, page.locator(".grown img").first
            window, strip = first.bounding_box(), shown.bounding_box()
            assert strip["width"] == pytest.approx(4 * window["width"], abs=1)
            assert window["x"] - strip["x"] == pytest.approx(3 * window["width"], abs=1)  # its last quarter
            assert "open=alone" in page.url
            assert "epoch=" in page.url
