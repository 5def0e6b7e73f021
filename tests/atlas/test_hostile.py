"""Folders that are no atlas, somebody else's, half-made or damaged: one clear line, nothing touched."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from convscope.atlas import layout, write
from convscope.atlas.read import open_atlas
from convscope.errors import BadAtlas, BadOutput
from convscope.plain.question import Question
from convscope.plain.unit import Unit

from .conftest import CHANNELS, NAMES, ROWS, columns, manifest, numbers


def contents(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_nothing_there(tmp_path):
    with pytest.raises(BadAtlas, match=r"no atlas at .*nowhere: make one with `convscope survey RUN`"):
        open_atlas(tmp_path / "nowhere")


def test_a_folder_without_a_manifest(tmp_path):
    with pytest.raises(
        BadAtlas,
        match=r"is no atlas, or one whose survey was stopped too early: make it with `convscope survey RUN`",
    ):
        open_atlas(tmp_path)


@pytest.mark.parametrize("text", ["[1]", '{"format": "mlflow"}', "{}", "null"])
def test_a_manifest_of_something_else(folder, text):
    (folder / layout.MANIFEST).write_text(text)
    with pytest.raises(BadAtlas, match=r"atlas.json is not the manifest of a convscope atlas"):
        open_atlas(folder)


@pytest.mark.parametrize("schema", [0, 2, "1", None])
def test_another_schema_is_refused_naming_both_numbers(altered, schema):
    with pytest.raises(
        BadAtlas, match=rf"has atlas schema {schema!r}, this convscope reads schema 1: use the version"
    ):
        open_atlas(altered(schema=schema))


@pytest.mark.parametrize("stage", ["half", None, 3])
def test_an_unknown_stage_is_named(altered, stage):
    with pytest.raises(BadAtlas, match=rf"has the stage {stage!r}: survey again"):
        open_atlas(altered(stage=stage))


@pytest.mark.parametrize("key", ["stage", "model", "images", "layers", "survey"])
def test_a_manifest_that_lacks_a_part(folder, key):
    there = manifest()
    del there[key]
    write.write_manifest(folder, there)
    with pytest.raises(BadAtlas, match=rf"atlas.json lacks {key}: survey again"):
        open_atlas(folder)


def test_a_manifest_that_lacks_a_key_within_a_part(folder):
    there = manifest()
    del there["images"]["classes"]
    write.write_manifest(folder, there)
    with pytest.raises(BadAtlas, match=r"atlas.json lacks images\.classes: survey again"):
        open_atlas(folder)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_truncated_json(folder, share):
    path = folder / layout.MANIFEST
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(BadAtlas, match=r"atlas.json is damaged \(JSONDecodeError.*survey again"):
        open_atlas(folder)


def test_json_that_is_no_text(folder):
    (folder / layout.MANIFEST).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadAtlas, match=r"atlas.json is damaged \(UnicodeDecodeError"):
        open_atlas(folder)


@pytest.mark.parametrize(
    "layers",
    [
        [1],
        "x",
        {"a": 1},
        [{}],
        [manifest()["layers"][0] | {"shape": []}],
        [manifest()["layers"][0] | {"size": 3}],
    ],
)
def test_layers_that_are_none(altered, layers):
    with pytest.raises(BadAtlas, match=r"atlas.json is damaged .*survey again"):
        len(open_atlas(altered(layers=layers)).layers)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_truncated_numbers(folder, share):
    path = layout.numbers_file(folder, NAMES[0])
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(BadAtlas, match=r"relu1/numbers.safetensors is damaged .*survey again"):
        open_atlas(folder).numbers(NAMES[0])


def test_missing_numbers(folder):
    layout.numbers_file(folder, NAMES[1]).unlink()
    with pytest.raises(
        BadAtlas, match=r"numbers.safetensors is missing: the atlas is half-made. Run the survey again"
    ):
        open_atlas(folder).numbers(NAMES[1])


def test_a_missing_array_is_named(folder):
    path = layout.numbers_file(folder, NAMES[0])
    save_file({name: array for name, array in load_file(path).items() if name != "p999"}, path)
    with pytest.raises(BadAtlas, match=r"numbers.safetensors lacks p999: survey again"):
        open_atlas(folder).numbers(NAMES[0])


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("mean", np.zeros(3), r"has mean of shape \(3,\) for 4 channels"),
        ("value", np.zeros((5, 9), np.float32), r"has value of shape \(5, 9\) for 4 channels"),
        ("image", np.full((4, 9), 3, np.int32), "names an image beyond the 3 of this atlas"),
        ("image", np.full((4, 9), -2, np.int32), "names an image beyond the 3 of this atlas"),
    ],
)
def test_numbers_that_do_not_fit_the_manifest(folder, name, array, words):
    path = layout.numbers_file(folder, NAMES[0])
    save_file(load_file(path) | {name: array}, path)
    with pytest.raises(BadAtlas, match=words):
        open_atlas(folder).numbers(NAMES[0])


def test_columns_of_unequal_length(folder):
    write.write_images(folder, columns() | {"label": [0]})
    with pytest.raises(BadAtlas, match=r"images.json has columns of unequal length .*'label': 1"):
        len(open_atlas(folder).images)


@pytest.mark.parametrize(
    "text", ["[]", '{"id": 3}', json.dumps({"id": ["a"]}), json.dumps(columns() | {"label": ["x"] * 3})]
)
def test_an_image_table_that_is_none(folder, text):
    (folder / layout.IMAGES).write_text(text)
    with pytest.raises(BadAtlas, match=r"images.json is damaged .*survey again"):
        len(open_atlas(folder).images)


@pytest.mark.parametrize("content", [b"", b"\x08\0\0\0\0\0\0\0{}      ", b"rubbish" * 99])
def test_a_damaged_map(folder, content):
    question = Question("m", Unit("relu1", 0), "deconvnet", 1, "a.png")
    path = layout.map_file(folder, question.key)
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(BadAtlas, match=rf"{question.key}.safetensors is damaged .*survey again"):
        open_atlas(folder).map(question)


@pytest.mark.parametrize("stage", ["numbers", "pictures"])
def test_a_half_made_atlas_opens_and_says_so(altered, stage):
    bare = [entry | {"pictures": False} for entry in manifest()["layers"]]
    atlas = open_atlas(altered(stage=stage, layers=bare))
    assert atlas.stage == stage
    assert [name for name, layer in atlas.layers.items() if not layer.pictures] == list(NAMES)
    assert atlas.winners("relu1")["value"].shape == (4, 9)


def test_a_layer_name_cannot_lead_out_of_the_folder(folder):
    write.write_numbers(folder, "../../escape", load_file(layout.numbers_file(folder, NAMES[0])))
    assert [path.name for path in (folder / "layers").iterdir() if "escape" in path.name] == [
        "~2e.~2f..~2fescape"
    ]


def test_a_folder_with_other_things_is_refused_and_untouched(tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    before = contents(tmp_path)
    with pytest.raises(
        BadOutput,
        match=r"cannot make an atlas in .*: it holds other files. Choose an empty folder with --into",
    ):
        write.prepare_folder(tmp_path)
    assert contents(tmp_path) == before


def test_an_older_atlas_is_taken_over(folder):
    before = contents(folder)
    write.prepare_folder(folder)
    assert contents(folder) == before


def test_a_file_in_place_of_the_folder_is_refused_and_untouched(tmp_path):
    (tmp_path / "atlas").write_text("mine")
    with pytest.raises(
        BadOutput, match=r"cannot make an atlas at .*atlas: it is a file. Choose another place with --into"
    ):
        write.prepare_folder(tmp_path / "atlas")
    assert (tmp_path / "atlas").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        BadOutput, match=r"cannot make the folder .*file/atlas: Not a directory. Choose another place"
    ):
        write.prepare_folder(tmp_path / "file" / "atlas")


SWEPT = {
    "row": 1,
    "size": 2,
    "stride": 1,
    "classes": [0, 1],
    "clean": [0.7, 0.3],
    "probability": [[[0.5]], [[0.5]]],
}
SHIFTED = {
    "steps": [0, 1],
    "layers": [{"change": [0, 1], "aligned": [0, None]}],
    "probability": [1, 1],
    "kept": [1, 1],
}
MEASURED = {"shift": SHIFTED, "fields": {"width": {"relu1": [1, 1]}}, "occlusion": SWEPT}


def test_measured_lessons_are_read(folder):
    write.write_lessons(folder, MEASURED)
    assert open_atlas(folder).lessons == {"schema": 1, **MEASURED}


@pytest.mark.parametrize(
    ("part", "wrong", "says"),
    [
        ("occlusion", {**SWEPT, "row": 9}, "another size"),
        ("occlusion", {**SWEPT, "classes": [0, 2]}, "another size"),
        ("occlusion", {**SWEPT, "clean": [1]}, "another size"),
        ("occlusion", {**SWEPT, "probability": [[[]], [[]]]}, "another size"),
        ("occlusion", {**SWEPT, "probability": [["<b>"]]}, "is damaged"),
        ("occlusion", [], "is damaged"),
        ("shift", {**SHIFTED, "kept": [1]}, "another size"),
        ("fields", {"width": {"relu1": [1]}}, "another size"),
        ("fields", {"width": 3}, "is damaged"),
    ],
)
def test_damaged_lessons_are_named(folder, part, wrong, says):
    write.write_lessons(folder, {**MEASURED, part: wrong})
    with pytest.raises(BadAtlas, match=rf"lessons.json .*{says}.*: `convscope lessons RUN` makes it again"):
        _ = open_atlas(folder).lessons


@pytest.mark.parametrize(
    "peaks",
    [
        {"row": np.array([0, 2]), "peak": np.zeros((CHANNELS, 3))},
        {"row": np.array([0, ROWS]), "peak": np.zeros((CHANNELS, 2))},
        {"row": np.array([-1, 0]), "peak": np.zeros((CHANNELS, 2))},
        {"row": np.zeros((2, 2)), "peak": np.zeros((CHANNELS, 2, 2))},
        {"row": np.array([0, 1]), "peak": np.zeros((CHANNELS + 1, 2))},
    ],
)
def test_peaks_that_do_not_fit(folder, peaks):
    write.write_peaks(folder, NAMES[0], peaks["row"], peaks["peak"])
    with pytest.raises(BadAtlas, match=r"peaks.safetensors holds no peaks of 4 channels: survey again"):
        open_atlas(folder).neighbours(NAMES[0], 0)


def test_quantiles_of_an_unknown_image(folder):
    image = np.full((CHANNELS, 3, 3), ROWS)
    write.write_numbers(folder, NAMES[0], numbers() | {"quantile_image": image})
    with pytest.raises(BadAtlas, match=r"names an image beyond the 3 of this atlas"):
        open_atlas(folder).numbers(NAMES[0])


@pytest.mark.parametrize(
    "near", [np.full((CHANNELS, 4), CHANNELS), np.full((CHANNELS, 4), -2), np.zeros(CHANNELS)]
)
def test_a_neighbour_that_is_none(folder, near):
    write.write_numbers(folder, NAMES[0], numbers() | {"neighbour": near})
    with pytest.raises(BadAtlas, match=r"names a channel beyond its 4: survey again"):
        open_atlas(folder).numbers(NAMES[0])


def test_spreads_of_other_channels(folder):
    write.write_numbers(folder, NAMES[0], numbers() | {"class_spread": np.zeros((CHANNELS - 1, 2))})
    with pytest.raises(BadAtlas, match=r"has class_spread of shape \(3, 2\) for 4 channels"):
        open_atlas(folder).numbers(NAMES[0])


@pytest.mark.parametrize("middle", [[40], [40, -1], [40, "40"], 40, [40, 40.5], "ab"])
def test_a_middle_that_is_none(altered, middle):
    layers = manifest()["layers"]
    layers[0]["middle"] = middle
    with pytest.raises(BadAtlas, match=r"atlas.json is damaged .*survey again"):
        _ = open_atlas(altered(layers=layers)).layers


@pytest.mark.parametrize("lens", [{"name": "magic", "reason": ""}, {"reason": "none"}, ["guided"]])
def test_a_lens_that_nobody_knows(altered, lens):
    layers = manifest()["layers"]
    layers[0]["lens"] = lens
    with pytest.raises(BadAtlas, match=r"atlas.json is damaged .*survey again"):
        _ = open_atlas(altered(layers=layers)).layers


def test_a_manifest_without_layers(altered):
    with pytest.raises(BadAtlas, match=r"atlas.json lists no layers: survey again"):
        open_atlas(altered(layers=[]))
