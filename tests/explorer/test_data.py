"""What pages show, as JSON: against the arrays of the atlas, live and published."""

import json
from pathlib import Path

import numpy as np
import pytest

from convscope.explorer.app import create_app
from convscope.explorer.publish import publish

from . import synthetic
from .asking import ask

NAME = "layer2.0.relu#2"


@pytest.fixture(scope="module")
def app(atlas):
    return create_app(atlas)


def read(app, address: str):
    reply = ask(app, address)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    return json.loads(reply.body, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


def test_the_index_says_where_the_others_are(app, atlas):
    index = read(app, "/api/v1/index.json")
    assert index["model"]["classes"] == list(atlas.classes)
    assert index["images"]["count"] == len(atlas.images)
    layers = read(app, f"/{index['data']['layers']}")
    assert [layer["layer"] for layer in layers] == [name for name, *_ in synthetic.LAYERS]
    for layer in layers:
        assert read(app, f"/{layer['data']}")["layer"] == layer["layer"]
    assert [image["id"] for image in read(app, f"/{index['data']['images']}")] == list(atlas.images.ids)


def test_a_layer_holds_every_channel_and_winner_as_the_arrays_do(app, atlas):
    layer, numbers = read(app, "/api/v1/layer/layer2.0.relu~232.json"), atlas.numbers(NAME)
    assert layer["field"] == {"size": [13, 13], "stride": [4, 4], "start": [-4, -4], "exact": True}
    assert layer["tiles show"] == [13, 13]
    assert [one["channel"] for one in layer["all"]] == list(range(130))
    assert [one["maximum"] for one in layer["all"]] == numbers["maximum"].tolist()
    assert [one["mean"] for one in layer["all"]] == numbers["mean"].tolist()
    best = [atlas.image_classes[label] for label in numbers["class_peak"].argmax(axis=1)]
    assert [one["strongest class"] for one in layer["all"]] == best
    for one in (0, 64, 129):
        kept = numbers["image"][one] >= 0
        found = layer["all"][one]["winners"]
        assert [winner["row"] for winner in found] == numbers["image"][one][kept].tolist()
        assert [winner["value"] for winner in found] == numbers["value"][one][kept].tolist()
        for winner, y, x in zip(found, numbers["y"][one], numbers["x"][one], strict=False):
            (top, bottom), (left, right) = numbers["rows"][y], numbers["columns"][x]
            assert winner["sees"] == [left, top, right, bottom]
            assert winner["id"] == atlas.images.ids[winner["row"]]


def test_what_is_no_number_is_null(own):
    arrays = {name: np.array(array) for name, array in own.numbers("relu1").items()}
    arrays["mean"][3] = np.inf
    synthetic.write.write_numbers(own.path, "relu1", arrays)
    assert (
        read(create_app(type(own)(own.path, dict(own.manifest))), "/api/v1/layer/relu1.json")["all"][3][
            "mean"
        ]
        is None
    )


def test_a_layer_that_is_none_is_not_found(app):
    assert ask(app, "/api/v1/layer/relu9.json").status == 404


def test_published_are_the_same_bytes_and_of_an_excerpt_only_its_own(app, atlas, tmp_path: Path):
    publish(atlas, tmp_path / "all")
    for address in (
        "api/v1/index.json",
        "api/v1/layer.json",
        "api/v1/images.json",
        "api/v1/layer/relu1.json",
    ):
        assert (tmp_path / "all" / address).read_bytes() == ask(app, f"/{address}").body
    publish(atlas, tmp_path / "some", layers="relu1", top=2)
    assert [path.name for path in (tmp_path / "some/api/v1/layer").iterdir()] == ["relu1.json"]
    some = json.loads((tmp_path / "some/api/v1/layer/relu1.json").read_text())
    assert len(some["all"]) == some["channels"] == 2
