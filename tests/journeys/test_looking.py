"""``convscope look`` with lenses of every kind, their settings and their checks."""

import json

import convscope as cs

from .conftest import convscope, refused


def test_a_map_comes_with_its_checks(run, photos, here):
    words = (
        "--model",
        run,
        "--unit",
        "square",
        "--lens",
        "integrated-gradients:steps=4",
        "--check",
        "--out",
        "x.png",
    )
    answer = convscope("look", photos / "square" / "01.png", *words)
    assert answer.code == 0, answer.err
    assert "Randomisation: rank correlation" in answer.out
    assert "Faithfulness, areas under the curves: deletion" in answer.out
    found = json.loads(convscope("look", photos / "square" / "01.png", *words, "--json").out)["checks"]
    assert len(found["similarity_to_randomised"]) == len(found["control_deletion_areas"]) == 3
    assert f"deletion {found['deletion_area']:.3f} (the same map shifted" in answer.out


def test_maximisation_needs_no_picture_and_the_others_say_so(run, here):
    words = ("look", "--model", run, "--unit", "relu2:3", "--lens")
    answer = convscope(*words, "maximisation:steps=2")
    assert "does not depend on an image" in answer.out
    assert cs.open_images(here / "relu2-3-maximisation.png")[0].shape == (32, 32, 3)
    for lens in ("gradient", "occlusion"):
        assert "looks at a picture, and none was given" in refused(*words, lens)
    assert "maximisation makes its own picture" in refused(*words, "maximisation:steps=2", "--check")


def test_what_a_lens_cannot_be_set_to(run, photos, here):
    words = ("look", photos / "disc" / "00.png", "--model", run, "--unit", "relu1:1", "--lens")
    assert "unknown setting of occlusion 'edge': it has size, stride, fill, measure." in refused(
        *words, "occlusion:edge=4"
    )
    assert "size 99 does not fit the network's 32 x 32 pixels: choose 1 to 32" in refused(
        *words, "occlusion:size=99"
    )
    assert "relu1:1 of" in refused(*words, "occlusion:measure=probability")


def test_settings_as_text_in_python_too(run, photos):
    model, photo = cs.open_model(run), photos / "disc" / "00.png"
    one = cs.look(model, photo, "relu2:3", "occlusion:size=8,stride=8")
    other = cs.look(model, photo, cs.Unit("relu2", 3), cs.Occlusion(size=8, stride=8))
    assert one.array.tobytes() == other.array.tobytes()
    assert one._repr_png_().startswith(b"\x89PNG")


def test_a_class_by_its_name_is_a_unit_in_python_too(run, photos):
    photo = photos / "disc" / "00.png"
    model = cs.open_model(run)
    one, other = (
        cs.look(model, photo, unit, "gradient") for unit in ("square", model.unit_of_class("square"))
    )
    assert one.array.tobytes() == other.array.tobytes()


def test_one_picture_is_looked_at_never_the_first_of_many(run, photos, here):
    assert "pictures: maps are of one picture" in refused("look", photos, "--model", run, "--unit", "relu1:1")
