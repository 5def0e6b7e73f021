"""A stack against the network itself, and live answers of a real network."""

import threading

import numpy as np
import pytest
import torch
from starlette.testclient import TestClient
from torch import nn
from torchvision.transforms.functional import center_crop, resize

import convscope as cs
from convscope.ask.live import live, stopping
from convscope.ask.stack import Scene, occlusion, stack, take_in
from convscope.atlas.picture import find_picture, keep_upload
from convscope.atlas.stack import answered, maps_size, read_stack
from convscope.errors import BadAtlas, UnknownName
from convscope.explorer.app import create_app
from convscope.images import open_images
from convscope.plain.fit import Fit
from convscope.plain.wish import Cancelled, Wish
from convscope.survey.run import survey

RNG = np.random.default_rng(0)
PICTURES = [RNG.integers(0, 256, (44, 36, 3), dtype=np.uint8) for _ in range(6)]
FIT = Fit(16, 16, how="crop", resize=20)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    layers = (nn.Conv2d(3, 12, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12 * 36, 3))
    return cs.Model(nn.Sequential(*layers), fit=FIT, mean=(0.5,) * 3, std=(0.5,) * 3, classes=("a", "b", "c"))


@pytest.fixture
def atlas(model, tmp_path):
    return survey(model, open_images(PICTURES), into=tmp_path / "atlas", photos=2, project=False)


def literal_input(image: np.ndarray) -> torch.Tensor:
    """What torchvision makes of a picture: the shorter side to 20 pixels, the middle 16 x 16."""
    picture = resize(torch.from_numpy(image).permute(2, 0, 1), [20], antialias=True)
    return center_crop(picture, [16]).float() / 255 * 2 - 1


def test_maps_of_the_strongest_channels_are_the_networks_own(model, atlas):
    row = atlas.chosen[0]
    picture = find_picture(atlas, str(row))
    made = stack(Scene(atlas, model, picture))
    with torch.no_grad():
        maps = model.module[:2](literal_input(PICTURES[row])[None])[0].numpy()
    p999 = atlas.numbers(made.layers[0].name)["p999"]
    order = np.argsort(-(maps.max((1, 2)) / p999))[:8]
    assert set(made.layers[0].channels) >= set(order[:6].tolist())  # the last may change places by rounding
    for place, (channel, top) in enumerate(zip(made.layers[0].channels, made.layers[0].tops, strict=True)):
        assert top == pytest.approx(max(p999[channel], maps[channel].max()), rel=0.02)
        assert made.layers[0].peaks[place] == pytest.approx(maps[channel].max(), rel=0.02, abs=0.02)
    assert maps_size(picture) == (8 * 12, 12 + 1)


def test_remembered_maps_are_what_the_lens_sees_of_the_source(model, atlas):
    row = atlas.chosen[0]
    picture = find_picture(atlas, str(row))
    made = stack(Scene(atlas, model, picture))
    # when: the same is asked of the source picture, which is fitted on the way
    best = made.answer("occlusion")
    seen = cs.look(model, PICTURES[row], best.unit, occlusion(model))
    kept = answered(picture, best.key)
    assert np.allclose(kept.array, seen.array, atol=1e-6)
    assert (kept.box, kept.input_box, kept.units) == (seen.box, seen.input_box, seen.units)
    assert "finished tensor" not in kept.caption
    assert [found.lens for found in made.answers] == ["deconvnet", "gradcam", "occlusion"]


def test_a_stack_is_made_once_and_read_afterwards(model, atlas):
    picture = find_picture(atlas, str(atlas.chosen[0]))
    made = stack(Scene(atlas, model, picture))
    assert read_stack(atlas, picture) == made
    (picture.folder / "maps.png").unlink()
    assert stack(Scene(atlas, model, picture)) == made  # nothing is computed again


def test_another_model_is_refused(atlas):
    other = cs.Model(nn.Sequential(nn.Conv2d(3, 2, 3)), fit=FIT, mean=(0.5,) * 3, std=(0.5,) * 3)
    with pytest.raises(BadAtlas, match=r"was made from another model than .*: survey this one first"):
        Scene(atlas, other, find_picture(atlas, "0"))


def test_a_picture_is_taken_in_by_row_by_id_or_from_a_file(atlas, tmp_path):
    from PIL import Image

    Image.fromarray(PICTURES[3]).save(tmp_path / "mine.png")
    assert take_in(atlas, "2") == take_in(atlas, atlas.images.ids[2])
    taken = take_in(atlas, str(tmp_path / "mine.png"))
    assert np.array_equal(taken.pixels(), FIT.apply(PICTURES[3]))
    assert (taken.height, taken.width) == (44, 36)
    with pytest.raises(UnknownName, match=r"unknown image 'nothing'.*images 0 to 5"):
        take_in(atlas, "nothing")


@pytest.fixture
def kinds(model):
    return live(model)


def test_a_live_projection_of_ones_own_picture_is_kept_beside_it(kinds, atlas):
    picture = keep_upload(atlas, PICTURES[5])
    told: list[str] = []
    layer = next(iter(atlas.layers))
    answer = kinds["deconvnet"](
        atlas,
        Wish("deconvnet", picture.key, f"{layer}:4"),
        lambda done, total, words: told.append(words),
        lambda: False,
    )
    assert answer["page"] == f"image/{picture.key}/"
    assert answered(picture, answer["key"]).array.shape == (16, 16, 3)
    assert not (atlas.path / "maps").exists()  # nothing of it outside its own folder
    assert told == [
        "opening the model",
        "activation maps",
        "projection",
        "Grad-CAM",
        "occlusion",
        "deconvnet",
    ]


def test_a_row_without_a_photograph_says_what_to_give(kinds, atlas):
    row = next(row for row in range(6) if row not in atlas.chosen)
    with pytest.raises(BadAtlas, match=r"holds no photograph of image \d: give the images .* with --data"):
        kinds["stack"](atlas, Wish("stack", str(row)), lambda *told: None, lambda: False)


def test_cancelling_stops_within_a_pass_and_leaves_the_model_as_it_was(model, atlas):
    asked = threading.Event()

    def cancelled() -> bool:
        return asked.is_set()

    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    model.module.train()
    model.module[0].register_forward_hook(lambda *call: asked.set())
    with pytest.raises(Cancelled):
        live(model)["stack"](atlas, Wish("stack", str(atlas.chosen[0])), lambda *told: None, cancelled)
    model.module[0]._forward_hooks.clear()
    assert all(torch.equal(before[name], value) for name, value in model.module.state_dict().items())
    assert model.module.training
    assert read_stack(atlas, find_picture(atlas, str(atlas.chosen[0]))) is None
    model.module.eval()


def test_outside_nothing_is_stopped():
    with stopping(lambda: False):
        assert torch.ones(2).sum() == 2
    with pytest.raises(Cancelled), stopping(lambda: True):
        torch.ones(2).sum()
    assert torch.ones(2).sum() == 2


def test_gradients_are_on_again_whenever_a_pass_is_stopped():
    operations = iter([False, True])  # the second: within no_grad, and on the way out of it
    with pytest.raises(Cancelled), stopping(lambda: next(operations, True)), torch.no_grad():
        torch.ones(2).sum().sqrt()
    assert torch.is_grad_enabled()


def test_a_pass_that_is_being_left_is_left():
    asked = threading.Event()
    with stopping(asked.is_set), torch.no_grad():
        torch.ones(2).sum()
        asked.set()
    assert torch.is_grad_enabled()


def test_probabilities_are_those_of_predict_temperature_included(model, tmp_path):
    tempered = cs.Model(
        model.module, fit=FIT, mean=model.mean, std=model.std, classes=model.classes, calibration=0.4
    )
    known = survey(tempered, open_images(PICTURES), into=tmp_path / "atlas", photos=2, project=False)
    row = known.chosen[0]
    made = stack(Scene(known, tempered, find_picture(known, str(row))))
    best = cs.predict(tempered, [PICTURES[row]])[0].probability
    assert made.likeliest[0][1] == pytest.approx(best, abs=0.02)


def test_of_one_output_no_class_is_named_and_its_own_value_falls(tmp_path):
    torch.manual_seed(0)
    layers = (nn.Conv2d(3, 4, 5), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1))
    single = cs.Model(nn.Sequential(*layers), fit=FIT, mean=(0.5,) * 3, std=(0.5,) * 3, classes=("value",))
    atlas = survey(single, open_images(PICTURES), into=tmp_path / "atlas", photos=1, project=False)
    made = stack(Scene(atlas, single, find_picture(atlas, str(atlas.chosen[0]))))
    assert made.likeliest == ()
    asked = {answer.lens: answer for answer in made.answers}
    assert asked["occlusion"].unit == "4:0"
    seen = cs.look(single, PICTURES[atlas.chosen[0]], "4:0", occlusion(single))
    assert seen.array.any()  # a probability of one class is 1 whatever is covered
    page = TestClient(create_app(atlas), "http://127.0.0.1:8017").get(f"/image/{atlas.chosen[0]}/").text
    assert "no class (one output)" in page
    assert "100 %" not in page
    assert cs.maps(single, PICTURES[0]).named == ()
