"""From a run with its series to pictures of epochs in its atlas."""

import shutil

import numpy as np
import pytest
from PIL import Image

from convscope.ask.evolve import evolve
from convscope.ask.run import run_images
from convscope.atlas import layout
from convscope.atlas.write import write_evolution
from convscope.errors import BadAtlas, BadModel
from convscope.nets.open import open_model
from convscope.survey.run import survey
from convscope.train.loop import train


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two epochs on planted pictures, with the atlas of its validation images."""
    root = tmp_path_factory.mktemp("grown")
    rng = np.random.default_rng(0)
    for number in range(24):
        pixels = rng.integers(0, 120, (12, 12, 3), dtype=np.uint8)
        half = slice(0, 6) if number % 2 else slice(6, 12)
        pixels[half] += 120
        folder = root / "photos" / ("top" if number % 2 else "bottom")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    train(str(root / "photos"), net="4c3 p2", epochs=2, imgsz=12, out=str(root), name="run", seed=0)
    survey(open_model(root / "run"), run_images(root / "run"), into=root / "run/atlas", split="val")
    return root / "run"


def test_every_epoch_has_a_column_and_the_numbers_of_its_own_survey(run, tmp_path):
    atlas = evolve(run, channels="conv1")
    kept = atlas.evolution("conv1")
    assert kept is not None
    assert kept["epoch"].tolist() == [0, 1, 2]
    assert kept["row"].tolist() == list(range(len(atlas.images)))
    name, tile = atlas.layer("conv1").name, atlas.layer("conv1").tile
    with Image.open(layout.evolution_picture(atlas.path, name, 0)) as picture:
        assert picture.size == (3 * tile, 2 * tile)
    first, last = (
        survey(open_model(f"{run}@{epoch}"), run_images(run), into=tmp_path / f"{epoch}", split="val", project="none")
        for epoch in (0, 2)
    )  # fmt: skip
    assert np.array_equal(kept["value"][:, 0], first.numbers("conv1")["maximum"])
    assert not np.allclose(kept["value"][:, 0], kept["value"][:, 2])
    peaks = [one.peaks("conv1")["peak"] for one in (first, last)]
    alike = [np.corrcoef(early, late)[0, 1] for early, late in zip(*peaks, strict=True)]
    assert kept["alike"][:, 0] == pytest.approx(alike, abs=1e-5)
    assert kept["alike"][:, 2] == pytest.approx(1, abs=1e-6)
    assert np.array_equal(kept["same"][:, 0], peaks[0].argmax(1) == peaks[1].argmax(1))


def test_a_run_without_its_series_says_what_to_do(run, tmp_path):
    shutil.copytree(run, tmp_path / "bare")
    shutil.rmtree(tmp_path / "bare/checkpoints/series")
    with pytest.raises(
        BadModel, match="keeps no weights of earlier epochs: train it again without --no-series"
    ):
        evolve(tmp_path / "bare")


def test_a_damaged_file_of_epochs_names_the_command(run, tmp_path):
    shutil.copytree(run, tmp_path / "hurt")
    atlas = evolve(tmp_path / "hurt", each=1)
    name = next(iter(atlas.layers))
    whole = atlas.evolution(name)
    assert whole is not None
    for hurt in ({"channel": np.array([99])}, {"alike": whole["alike"][:, :2]}):
        write_evolution(atlas.path, name, {**whole, **hurt})
        with pytest.raises(BadAtlas, match="run `convscope evolve RUN` again"):
            atlas.evolution(name)
