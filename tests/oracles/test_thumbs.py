"""The small pictures of all images: right, the same however the work is shared, and made without reading an image twice."""

from collections import Counter
from dataclasses import replace

import numpy as np
from PIL import Image

from convscope.atlas import layout
from convscope.survey import pixels as survey_pixels
from convscope.survey.job import count, prepare
from convscope.survey.partial import ALL
from convscope.survey.record import write_counts
from convscope.survey.run import survey, survey_shard
from convscope.survey.settings import Shard, Survey

from .test_survey import small_model, some_images

MANY = 130  # two sheets, the second not full
SETTINGS = {"batch": 15, "k": 2, "photos": 2, "project": "none"}


def sheets(root) -> list[bytes]:
    return [layout.thumbs_file(root, sheet).read_bytes() for sheet in (0, 1)]


def test_a_small_picture_is_its_image_at_its_place(tmp_path):
    images = some_images(MANY)
    atlas = survey(small_model(), images, into=tmp_path, **SETTINGS)
    order = [images.ids.index(id_) for id_ in atlas.images.ids]
    for row in (0, 7, 99, 100, 129):
        sheet, place = divmod(row, 100)
        y, x = divmod(place, 10)
        with Image.open(layout.thumbs_file(tmp_path, sheet)) as picture:
            shown = np.asarray(picture)[64 * y : 64 * y + 64, 64 * x : 64 * x + 64]
        asked = Image.fromarray(images[order[row]]).resize((64, 64), Image.Resampling.BICUBIC)
        far = Image.fromarray(images[order[row - 1]]).resize((64, 64), Image.Resampling.BICUBIC)
        distance, other = (np.abs(shown - np.asarray(it, dtype=float)).mean() for it in (asked, far))
        assert 2 * distance < other


def test_shares_and_pictures_of_a_survey_that_was_stopped_give_the_same_sheets(tmp_path):
    survey(small_model(), some_images(MANY), into=tmp_path / "whole", **SETTINGS)
    for number in (2, 1, 2):
        survey_shard(
            small_model(), some_images(MANY), into=tmp_path / "shares", shard=Shard(number, 2), **SETTINGS
        )
    survey(small_model(), some_images(MANY), into=tmp_path / "shares", **SETTINGS)
    assert sheets(tmp_path / "shares") == sheets(tmp_path / "whole")


def test_no_image_is_read_again_for_its_small_picture_though_few_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(survey_pixels, "KEPT", 40)
    images, reads = some_images(MANY), Counter()

    def read(position: int) -> np.ndarray:
        reads[position] += 1
        return images.read(position)

    job = prepare(
        small_model(), replace(images, read=read, measure=images.size), tmp_path, Survey(**SETTINGS)
    )
    _ = job.manifest, job.pixels.store, job.chosen  # these look at some of the images, too
    reads.clear()
    write_counts(job, count(job, range(len(job.units)), ALL))
    again = {row for row, many in reads.items() if many > 1}
    assert len(reads) == MANY
    assert again <= {images.ids.index(job.pixels.images.ids[row]) for row in job.chosen}
