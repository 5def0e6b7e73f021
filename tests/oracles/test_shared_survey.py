"""A survey in shares, in any order, killed and called again: the same bytes as in one go."""

import json
import math
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from convscope.errors import BadSpec
from convscope.images import open_images
from convscope.images.source import Images
from convscope.survey import exact
from convscope.survey import job as survey_job
from convscope.survey import run as survey_run
from convscope.survey.exact import BITS, ExactSum
from convscope.survey.run import survey, survey_shard
from convscope.survey.settings import Shard

from .test_survey import small_model
from .test_survey import some_images as different_images

SETTINGS = {"batch": 15, "k": 4, "photos": 2}  # 45 images: three work units


def some_images(count: int = 45) -> Images:
    """Every picture twice, so that winners repeat one another."""
    pictures = different_images(count)
    return open_images([pictures[row // 2] for row in range(count)], labels=[row % 3 for row in range(count)])


def files(root: Path) -> dict[str, bytes]:
    """Every file of an atlas; of the manifest all but what made it."""
    found = {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
    manifest = json.loads(found["atlas.json"])
    del manifest["provenance"]
    return found | {"atlas.json": json.dumps(manifest).encode()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    root = tmp_path_factory.mktemp("whole")
    survey(small_model(), some_images(), into=root, **SETTINGS)
    return files(root)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_shards_in_any_order_give_the_same_bytes(whole, tmp_path, count):
    order = [Shard(number, count) for number in range(1, count + 1)] * 2
    random.Random(count).shuffle(order)
    for shard in order:
        survey_shard(small_model(), some_images(), into=tmp_path, shard=shard, **SETTINGS)
    survey(small_model(), some_images(), into=tmp_path, **SETTINGS)
    assert files(tmp_path) == whole


def test_a_missing_shard_is_made_up_for(whole, tmp_path):
    share = survey_shard(small_model(), some_images(), into=tmp_path, shard=Shard(2, 3), **SETTINGS)
    assert (share.counted, share.units) == (1, 3)
    assert "each the same command again" in share.next
    survey(small_model(), some_images(), into=tmp_path, **SETTINGS)
    assert files(tmp_path) == whole


def test_shards_draw_once_all_have_counted(tmp_path):
    shares = [
        survey_shard(small_model(), some_images(), into=tmp_path, shard=Shard(number, 2), **SETTINGS)
        for number in (1, 2, 1)
    ]
    assert [share.drawn for share in shares] == [0, 2, 3]
    assert shares[-1].next == "give the command once without --shard to finish the atlas"


class Killed(BaseException):
    """Stands for kill -9: nothing of ours catches it."""


@pytest.mark.parametrize("moment", [1, 3, 4, 5, 7, 10, 12, 15, 18, 21])
def test_killed_at_any_step_and_called_again(whole, tmp_path, monkeypatch, moment):
    monkeypatch.setattr(survey_job, "SAVED_EVERY", 0.0)
    left = moment

    def mortal(work):
        def step(*args, **kwargs):
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed
            return work(*args, **kwargs)

        return step

    with monkeypatch.context() as patch:
        patch.setattr(survey_job, "count_unit", mortal(survey_job.count_unit))
        patch.setattr(survey_run, "draw_sheet", mortal(survey_run.draw_sheet))
        patch.setattr(survey_run, "write_drawn", mortal(survey_run.write_drawn))
        with pytest.raises(Killed):
            survey(small_model(), some_images(), into=tmp_path, **SETTINGS)
    survey(small_model(), some_images(), into=tmp_path, **SETTINGS)
    assert files(tmp_path) == whole


def test_what_is_counted_is_not_counted_again(tmp_path, monkeypatch):
    survey_shard(small_model(), some_images(), into=tmp_path, shard=Shard(1, 3), **SETTINGS)
    units = []
    count = survey_job.count_unit
    monkeypatch.setattr(survey_job, "count_unit", lambda *args: units.append(args[3]) or count(*args))
    survey(small_model(), some_images(), into=tmp_path, **SETTINGS)
    assert sorted(units) == [1, 2]


def test_parts_of_another_survey_are_never_taken(tmp_path, whole):
    survey_shard(small_model(seed=5), some_images(), into=tmp_path, shard=Shard(1, 2), **SETTINGS)
    survey_shard(small_model(), some_images(44), into=tmp_path, shard=Shard(1, 2), **SETTINGS)
    survey(small_model(), some_images(), into=tmp_path, **SETTINGS)
    assert files(tmp_path) == whole


def test_a_damaged_part_is_made_again(tmp_path, whole):
    survey_shard(small_model(), some_images(), into=tmp_path, shard=Shard(1, 2), **SETTINGS)
    part = next(tmp_path.glob("partial/*/counts-1-of-2.safetensors"))
    part.write_bytes(part.read_bytes()[:-7])
    survey(small_model(), some_images(), into=tmp_path, **SETTINGS)
    assert files(tmp_path) == whole


def test_sums_are_exact_in_every_order():
    rng = np.random.default_rng(0)
    terms = rng.normal(size=(200, 3)) * 10.0 ** rng.integers(-6, 7, (200, 3))
    true = [sum(Fraction(round(Fraction(x) * 2**BITS), 2**BITS) for x in column) for column in terms.T]
    for order in (np.arange(200), rng.permutation(200)):
        halves = ExactSum((2, 3)), ExactSum((2, 3))
        for place, rows in enumerate(np.array_split(order, 3)):
            halves[place % 2].add(np.ones(len(rows), dtype=np.int64), terms[rows])
        halves[0].merge(halves[1])
        whole, parts = halves[0].whole[1], halves[0].parts[1]
        assert [
            Fraction(int(w)) + Fraction(int(p), 2**BITS) for w, p in zip(whole, parts, strict=True)
        ] == true
    assert halves[0].over_places() == pytest.approx([math.fsum(column) for column in terms.T], rel=1e-13)


@pytest.mark.parametrize("text", ["3", "0/2", "3/2", "a/b", "1/0", "1/"])
def test_a_wrong_shard_is_refused(text):
    with pytest.raises(BadSpec, match="shard"):
        Shard.parse(text)


@pytest.mark.parametrize("together", [1, 40, 1 << 15])
def test_sums_by_place_equal_fractions(together, monkeypatch):
    monkeypatch.setattr(exact, "VALUES", together)
    rng = np.random.default_rng(1)
    terms, places = rng.random((400, 2, 3)) + 7, rng.integers(0, 5, 400)
    total = ExactSum((6, 2, 3))
    total.add(places, terms)
    for place in range(6):
        own = [
            sum(Fraction(round(Fraction(x) * 2**BITS), 2**BITS) for x in column)
            for column in terms[places == place].reshape(-1, 6).T
        ]
        whole, parts = total.whole[place].ravel(), total.parts[place].ravel()
        found = [Fraction(int(w)) + Fraction(int(p), 2**BITS) for w, p in zip(whole, parts, strict=True)]
        assert found == own


def test_infinite_terms_stay_infinite_and_opposite_ones_are_nan():
    total = ExactSum((1, 3))
    total.add(np.array([0, 0]), np.array([[np.inf, np.inf, 1e300], [1.0, -np.inf, 2.0]]))
    assert str(total.value().tolist()) == "[[inf, nan, inf]]"
