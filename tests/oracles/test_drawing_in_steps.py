"""Patches first, the strongest winners' projections next, all others last; or some of them, when asked for."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from convscope.ask.project import project
from convscope.atlas import layout, write
from convscope.atlas.read import open_atlas
from convscope.errors import BadAtlas, BadSpec, UnknownName
from convscope.model.model import Model
from convscope.model.projection import project as project_whole
from convscope.model.projection import project_crops
from convscope.model.validity import judge
from convscope.nets.architecture import create, describe
from convscope.nets.untrained import untrained
from convscope.plain.fit import Fit
from convscope.plain.unit import Unit
from convscope.survey import fill as survey_fill
from convscope.survey import job as survey_job
from convscope.survey import run as survey_run
from convscope.survey.channels import read_channels
from convscope.survey.partial import Partial
from convscope.survey.run import survey

from .test_shared_survey import SETTINGS, Killed, files, some_images
from .test_survey import small_model


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    root = tmp_path_factory.mktemp("whole")
    survey(small_model(), some_images(), into=root, **SETTINGS)
    return files(root)


def stopped_in(step: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A survey killed when it begins a step."""
    work = survey_run.draw_sheet

    def mortal(easel, sheet, now, before):
        if now == step:
            raise Killed
        return work(easel, sheet, now, before)

    with monkeypatch.context() as patch:
        patch.setattr(survey_run, "draw_sheet", mortal)
        with pytest.raises(Killed):
            survey(small_model(), some_images(), into=root, **SETTINGS)


@pytest.mark.parametrize(("step", "ranks"), [("first projections", 0), ("projections", 1)])
def test_what_a_large_atlas_holds_before_it_is_complete(tmp_path, monkeypatch, step, ranks):
    stopped_in(step, tmp_path, monkeypatch)
    atlas = open_atlas(tmp_path)
    assert atlas.stage == "pictures"
    assert all(layer.pictures for layer in atlas.layers.values())
    for name, layer in atlas.layers.items():
        made = atlas.projected(name)
        assert made[:, :ranks].all()
        assert not made[:, ranks:].any()
        with Image.open(layout.strip_file(tmp_path, name, 0)) as picture:
            below = np.asarray(picture)[layer.tile :].astype(int)
        # what is not made is hatched, light on lighter; grey would say that no pixel had any influence
        hatched = [tile.mean() > 200 for tile in np.split(below, SETTINGS["k"], axis=1)]
        assert hatched == [rank >= ranks for rank in range(SETTINGS["k"])]


def test_lazy_then_all_gives_the_same_bytes_and_counts_once(whole, tmp_path, monkeypatch):
    survey(small_model(), some_images(), into=tmp_path, project="lazy", **SETTINGS)
    assert not any(open_atlas(tmp_path).projected(name).any() for name in ("1", "5", "7"))
    monkeypatch.setattr(survey_job, "count_unit", lambda *_: pytest.fail("counted again"))
    survey(small_model(), some_images(), into=tmp_path, **SETTINGS)
    assert files(tmp_path) == whole


def test_channels_are_added_to_what_is_there(whole, tmp_path, monkeypatch):
    survey(small_model(), some_images(), into=tmp_path, project="lazy", **SETTINGS)
    before = files(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(survey_job, "count_unit", lambda *_: pytest.fail("counted again"))
        atlas = survey(small_model(), some_images(), into=tmp_path, channels="5:1, 1:2-3", **SETTINGS)
    assert atlas.stage == "complete"
    assert [np.flatnonzero(atlas.projected(name).all(axis=1)).tolist() for name in ("1", "5", "7")] == [
        [2, 3],
        [1],
        [],
    ]
    after = files(tmp_path)
    changed = {name for name in after if after[name] != before.get(name)}
    strips = {"layers/1/strips/2.jpg", "layers/1/strips/3.jpg", "layers/5/strips/1.jpg"}
    others = {
        f"layers/{name}/{file}"
        for name in "15"
        for file in ("numbers.safetensors", "sheets/projections-000.jpg")
    }
    assert changed == strips | others | {"atlas.json"}
    survey(small_model(), some_images(), into=tmp_path, **SETTINGS)
    assert files(tmp_path) == whole


def test_a_channel_asked_for_looks_as_in_the_whole_atlas(whole, tmp_path):
    survey(small_model(), some_images(), into=tmp_path / "all", **SETTINGS)
    lazy = survey(small_model(), some_images(), into=tmp_path / "lazy", project="lazy", **SETTINGS)
    atlas = project(lazy, Unit("5", 2), small_model(), some_images())
    assert atlas.projected("5")[2].all()
    assert atlas.projected("5").sum() == SETTINGS["k"]
    for file in (layout.strip_file(Path(), "5", 2), layout.sheet_file(Path(), "5", "projections", 0)):
        # grey levels: of a sheet's colours a JPEG lets neighbours have a share
        one, other = (
            np.asarray(Image.open(tmp_path / place / file).convert("L")).astype(int)
            for place in ("lazy", "all")
        )
        part = (slice(0, 120), slice(240, 360)) if "sheets" in str(file) else (slice(None), slice(None))
        assert np.abs(one[part] - other[part]).max() <= 8
    full = open_atlas(tmp_path / "all")
    np.testing.assert_allclose(atlas.numbers("5")["scale"][2], full.numbers("5")["scale"][2], rtol=1e-4)
    assert atlas.layer("5").validity == full.layer("5").validity


def test_it_is_asked_once(tmp_path, monkeypatch):
    lazy = survey(small_model(), some_images(), into=tmp_path, project="lazy", **SETTINGS)
    atlas = project(lazy, Unit("5", 2), small_model(), some_images())
    monkeypatch.setattr(survey_fill, "fill", lambda *_: pytest.fail("drawn again"))
    assert project(atlas, Unit("5", 2), small_model(), some_images()).stage == "complete"


def test_what_a_later_step_has_drawn_is_not_drawn_over(whole, tmp_path, monkeypatch):
    """Given all drawn, killed before tidying up, and the marks of the first step lost in a power cut."""

    def killed(_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Partial, "forget", killed)
        with pytest.raises(Killed):
            survey(small_model(), some_images(), into=tmp_path, **SETTINGS)
    marks = list(tmp_path.glob("partial/*/drawn-*-0.safetensors"))
    for mark in marks:
        mark.unlink()
    survey(small_model(), some_images(), into=tmp_path, **SETTINGS)
    assert marks
    assert files(tmp_path) == whole


def test_an_upgrade_that_was_stopped_counts_nothing_again(whole, tmp_path, monkeypatch):
    survey(small_model(), some_images(), into=tmp_path, project="lazy", **SETTINGS)
    stopped_in("projections", tmp_path, monkeypatch)
    assert open_atlas(tmp_path).stage == "pictures"
    monkeypatch.setattr(survey_job, "count_unit", lambda *_: pytest.fail("counted again"))
    survey(small_model(), some_images(), into=tmp_path, **SETTINGS)
    assert files(tmp_path) == whole


def test_an_atlas_from_before_is_added_to(tmp_path):
    """Given one whose numbers say nothing of what is projected, and a setting of then."""
    survey(small_model(), some_images(), into=tmp_path, project="none", **SETTINGS)
    old = {name: array for name, array in open_atlas(tmp_path).numbers("5").items() if name in layout.NUMBERS}
    write.write_numbers(tmp_path, "5", old)
    manifest = json.loads((tmp_path / "atlas.json").read_text())
    manifest["survey"] |= {"project": False}
    (tmp_path / "atlas.json").write_text(json.dumps(manifest))
    atlas = survey(small_model(), some_images(), into=tmp_path, channels="5:1", **SETTINGS)
    assert np.flatnonzero(atlas.projected("5").any(axis=1)).tolist() == [1]


def test_channels_of_a_new_atlas_keep_their_own_scales(tmp_path):
    atlas = survey(small_model(), some_images(), into=tmp_path, channels="5:1", **SETTINGS)
    kept = atlas.numbers("5")
    assert np.ptp(kept["scale"][1]) > 0  # not the ones that say what is projected
    assert not kept["scale"][0].any()


def test_a_damaged_sheet_is_named(tmp_path):
    lazy = survey(small_model(), some_images(), into=tmp_path, project="lazy", **SETTINGS)
    layout.sheet_file(tmp_path, "5", "projections", 0).write_bytes(b"no picture")
    with pytest.raises(BadAtlas, match=r"projections-000.jpg is missing or damaged: survey again"):
        project(lazy, Unit("5", 2), small_model(), some_images())


def test_another_model_or_other_images_are_refused(tmp_path):
    lazy = survey(small_model(), some_images(), into=tmp_path, project="lazy", **SETTINGS)
    with pytest.raises(
        BadAtlas, match="was not made from this model: survey what you have into another folder"
    ):
        project(lazy, Unit("5", 2), small_model(seed=1), some_images())
    with pytest.raises(BadAtlas, match="was not made from these images"):
        project(lazy, Unit("5", 2), small_model(), some_images(30))


def test_asked_for_again_in_full_it_is_made_again(tmp_path, whole):
    survey(small_model(), some_images(), into=tmp_path, **SETTINGS)
    strip = layout.strip_file(tmp_path, "5", 0)
    strip.write_bytes(b"damaged")
    survey(small_model(), some_images(), into=tmp_path, **SETTINGS)
    assert files(tmp_path) == whole


def test_channels_as_people_write_them():
    layers = list(small_model().layers.values())
    layers = [layer for layer in layers if layer.name in ("1", "5", "7")]
    assert read_channels("5:1,5:3-4, 0:6 ,1:0", layers) == {0: [0, 6], 1: [1, 3, 4]}
    assert read_channels("7", layers) == {2: [0, 1, 2]}
    assert read_channels("", layers) == {}
    for text in ("5:5", "5:3-2", "5:0-5"):
        with pytest.raises(BadSpec, match=rf"there are no channels {text}: 5 has 0 to 4"):
            read_channels(text, layers)
    with pytest.raises(UnknownName, match="unknown layer 'conv5:x'"):
        read_channels("conv5:x", layers)


class OwnWeights(nn.Module):
    """One whose weights no module resets."""

    def __init__(self) -> None:
        super().__init__()
        self.filters = nn.Parameter(torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(1)) + 2)
        self.head = nn.Linear(4, 2)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.head(nn.functional.conv2d(pixels, self.filters).relu().amax((2, 3)))


def test_a_control_has_the_nets_own_initialisation_and_the_user_keeps_his_weights():
    architecture = describe("4c3 p2 fc6", classes=2, channels=3, height=12, width=12)
    trained = create(architecture, seed=9)
    model = Model(trained, fit=Fit(12, 12), mean=(0.5,) * 3, std=(0.5,) * 3, architecture=architecture)
    before = {name: tensor.clone() for name, tensor in trained.state_dict().items()}
    control, fresh = untrained(model, seed=4), create(architecture, seed=4)
    assert all(torch.equal(control.module.state_dict()[name], fresh.state_dict()[name]) for name in before)
    assert all(torch.equal(trained.state_dict()[name], before[name]) for name in before)
    assert control.id != model.id
    assert "has learnt nothing" in control.notes[-1]


def test_weights_that_nothing_resets_are_drawn_from_their_own_mean_and_spread():
    module = OwnWeights()
    model = Model(module, fit=Fit(12, 12), mean=(0.5,) * 3, std=(0.5,) * 3)
    one, other = untrained(model, seed=0).module, untrained(model, seed=0).module
    assert torch.equal(one.filters, other.filters)
    assert torch.equal(one.head.weight, other.head.weight)
    assert not torch.equal(one.filters, module.filters)
    assert not torch.equal(one.head.weight, module.head.weight)
    drawn, given = one.filters.detach(), module.filters.detach()
    assert float(drawn.mean()) == pytest.approx(float(given.mean()), abs=0.4)
    assert float(drawn.std()) == pytest.approx(float(given.std()), rel=0.3)


def test_an_atlas_says_that_it_is_a_control(tmp_path):
    model = small_model(seed=3)
    control = survey(model, some_images(), into=tmp_path / "a", control="random", **SETTINGS)
    survey(model, some_images(), into=tmp_path / "b", control="random", **SETTINGS)
    trained = survey(model, some_images(), into=tmp_path / "c", project="none", **SETTINGS)
    assert control.control
    assert not trained.control
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert list(control.layers) == list(trained.layers)
    assert not np.array_equal(control.numbers("5")["mean"], trained.numbers("5")["mean"])


def test_a_crop_at_the_border_is_judged_as_the_whole_image_is():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Conv2d(4, 4, 3, padding=1),
        nn.ReLU(),
    )
    model = Model(module, fit=Fit(16, 16), mean=(0.5,) * 3, std=(0.5,) * 3)
    batch, places = torch.randn(2, 3, 16, 16), torch.tensor([[0, 0], [4, 4]])
    seen = [
        judge(
            model,
            model.layers["4"],
            ways(model, batch, "4", torch.tensor([1, 2]), places).descent,
            "deconvnet",
        )
        for ways in (project_whole, project_crops)
    ]
    assert seen[0] == seen[1]
    assert seen[0].label == "pool-only"


def test_answers_about_another_network_do_not_stay_in_an_atlas_that_is_taken_over(tmp_path):
    def answers() -> list[str]:
        kept = (
            "lessons.json",
            "why/1-0.json",
            "stacks/1/stack.json",
            "layers/5/evolution/1.jpg",
            "images/photo-9.png",
        )
        return [name for name in kept if (tmp_path / name).exists()]

    survey(small_model(), some_images(), into=tmp_path, project="none", **SETTINGS)
    for name in (
        "lessons.json",
        "why/1-0.json",
        "stacks/1/stack.json",
        "layers/5/evolution/1.jpg",
        "images/photo-9.png",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    survey(small_model(), some_images(), into=tmp_path, project="none", **SETTINGS)
    assert len(answers()) == 5
    survey(untrained(small_model(), 1), some_images(), into=tmp_path, project="none", **SETTINGS)
    assert answers() == []


def test_channels_that_are_none_are_refused_before_anything_is_written(tmp_path):
    for wrong, error, words in (
        ("nope:1", UnknownName, "nope"),
        (" , ", BadSpec, "names none: write for example"),
    ):
        with pytest.raises(error, match=words):
            survey(small_model(), some_images(), into=tmp_path / "new", channels=wrong, **SETTINGS)
        assert not (tmp_path / "new").exists()


def test_a_damaged_manifest_is_counted_again(whole, tmp_path):
    survey(small_model(), some_images(), into=tmp_path, project="lazy", **SETTINGS)
    manifest = json.loads((tmp_path / layout.MANIFEST).read_text())
    (tmp_path / layout.MANIFEST).write_text(json.dumps(manifest | {"layers": ["x"]}))
    survey(small_model(), some_images(), into=tmp_path, **SETTINGS)
    assert files(tmp_path) == whole
