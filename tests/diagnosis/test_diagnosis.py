"""What is planted in an atlas is found, with the numbers of literal arithmetic, scipy and the papers."""

import cmath
import json
import re
import shutil

import numpy as np
import pytest
from scipy import stats

from convscope.atlas import layout, write
from convscope.atlas.read import open_atlas
from convscope.cli import app
from convscope.diagnosis.alike import interval, twins
from convscope.diagnosis.run import diagnose
from convscope.diagnosis.spectrum import NOISE, folded_share, high_share
from convscope.diagnosis.symptoms import KINDS
from convscope.errors import UnknownName

from ..atlas.conftest import NAMES, numbers
from ..atlas.conftest import folder as folder

LAYER = NAMES[0]


def healthy() -> dict[str, np.ndarray]:
    """Four channels without a symptom: both classes, places all over the map, half of the positions at zero."""
    arrays = numbers()
    arrays["image"][:] = np.arange(9) % 3
    arrays["value"] = np.tile(np.linspace(2, 1, 9), (4, 1))
    arrays["maximum"] = arrays["value"][:, 0]
    arrays["y"][:] = arrays["x"][:] = np.arange(9) % 6
    arrays["duplicate"][:] = 0
    arrays["class_peak"][:] = 1
    arrays["positive"][:] = 0.5
    arrays["histogram_edges"] = np.tile(np.linspace(0, 2, 65), (4, 1))
    return arrays


@pytest.fixture
def planted(folder):
    """An atlas of one layer whose arrays are the healthy ones, but for the changes."""

    def plant(**changes):
        manifest = json.loads((folder / layout.MANIFEST).read_text())
        manifest["layers"] = manifest["layers"][:1]
        manifest["model"]["output"] = "elsewhere"
        write.write_manifest(
            folder, {key: value for key, value in manifest.items() if key not in ("format", "schema")}
        )
        arrays = healthy()
        for name, (channel, value) in changes.items():
            arrays[name][channel] = value
        write.write_numbers(folder, LAYER, arrays)
        return open_atlas(folder)

    return plant


def found(atlas) -> dict[str, list[int]]:
    return {one.kind: [case.channel for case in one.cases] for one in diagnose(atlas).symptoms}


def test_a_healthy_layer_has_no_symptom_and_what_is_lacking_is_named(planted):
    diagnosis = diagnose(planted())
    assert diagnosis.symptoms == ()
    lacks = {lack.kind: lack.command for lack in diagnosis.lacks}
    assert lacks == {
        "high-frequency": "convscope survey RUN", "aliasing": "convscope survey RUN", "duplicate": "convscope survey RUN",
        "shortcut": "convscope why RUN ROW",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("dead", {"maximum": (2, 0.0), "value": (2, -1.0)}),
        ("always-on", {"positive": (3, 0.995)}),
        ("undersampled", {"value": (1, [2, 1, 0, 0, 0, 0, 0, 0, 0])}),
        ("near-duplicate", {"duplicate": (0, [0, 1, 1, 1, 0, 0, 0, 0, 0])}),
        ("one-class", {"class_peak": (2, [0.1, 1.9])}),
    ],
)
def test_a_planted_channel_is_found_and_no_other(planted, kind, changes):
    channel = next(iter(changes.values()))[0]
    assert found(planted(**changes)) == {kind: [channel]}


def test_the_worst_channel_comes_first(planted):
    atlas = planted(positive=([0, 2, 3], [0.995, 0.999, 0.991]))
    assert found(atlas) == {"always-on": [2, 0, 3]}


def test_a_channel_that_answers_to_every_image_is_not_undersampled(planted):
    assert found(planted(value=(1, [2, 1, 1, 0, 0, 0, 0, 0, 0]))) == {}  # there are but three images


def test_a_dead_channel_says_how_rare_it_may_still_be(planted):
    (symptom,) = diagnose(planted(maximum=(2, 0.0), value=(2, -1.0)), kind="dead").symptoms
    high = stats.binomtest(0, 3).proportion_ci(method="wilson").high
    assert f"fewer than {100 * high:.2f} % of images" in symptom.measured
    assert (symptom.share.count, symptom.share.total, symptom.gravity) == (1, 4, "look first")


def test_class_scores_are_not_called_dead(planted):
    atlas = planted(maximum=(2, 0.0), value=(2, -1.0))
    atlas.manifest["model"]["output"] = LAYER
    assert found(atlas) == {}


@pytest.mark.parametrize(
    ("y", "x", "where"),
    [
        ([0] * 9, [5] * 9, "at the top right"),
        ([0, 5, 0, 5, 2, 3, 0, 5, 1], [1, 2, 3, 4, 0, 5, 5, 0, 0], "at the border"),
        ([2] * 9, [3] * 9, None),  # in the middle, where things are
        ([0, 5, 0, 5, 2, 3, 0, 5, 2], [1, 2, 3, 4, 0, 5, 5, 0, 2], None),  # one of nine lies inside
    ],
)
def test_winners_of_one_class_at_one_place_are_a_candidate(planted, y, x, where):
    atlas = planted(class_peak=(1, [0.5, 1.75]), y=(1, y), x=(1, x))
    (symptom,) = diagnose(atlas, kind="shortcut").symptoms or (None,)
    assert (symptom is None) == (where is None)
    if symptom:
        (case,) = symptom.cases
        assert case.channel == 1
        assert case.words.startswith("b 0.56")
        assert case.words.endswith(where)
    assert found(planted(y=(1, y), x=(1, x))) == {}  # both classes alike: a place alone is none


def test_the_share_beyond_a_quarter_cycle_is_that_of_a_literal_sum():
    kernel = np.random.default_rng(1).normal(size=(2, 3))
    high = total = 0.0
    for u in range(64):
        for v in range(64):
            f, g = (u - 64 * (u >= 32)) / 64, (v - 64 * (v >= 32)) / 64
            wave = sum(
                kernel[i, j] * cmath.exp(-2j * cmath.pi * (f * i + g * j)) for i in range(2) for j in range(3)
            )
            total += abs(wave) ** 2
            high += abs(wave) ** 2 * (f * f + g * g > 1 / 16)
    assert high_share(kernel[None, None])[0] == pytest.approx(high / total)


def test_random_kernels_have_what_the_threshold_says_and_half_of_them_pass():
    high = high_share(np.random.default_rng(0).normal(size=(400, 1, 7, 7)))
    assert high.mean() == pytest.approx(NOISE, abs=0.02)
    assert (high >= NOISE).mean() == pytest.approx(0.5, abs=0.1)
    chequers = np.indices((7, 7)).sum(0) % 2 * 2.0 - 1
    assert high_share(chequers[None, None])[0] > 0.9
    assert high_share(np.ones((1, 1, 7, 7)))[0] < 0.25


def gabor(wave: float, size: int) -> np.ndarray:
    line = np.arange(size) - size // 2
    return np.exp(-(line[:, None] ** 2 + line**2) / (size / 2) ** 2) * np.cos(2 * np.pi * line / wave)


def test_a_stride_of_4_folds_what_a_stride_of_2_keeps():
    """Zeiler & Fergus 2013, section 4.1: 11 x 11 at stride 4 shows aliasing, 7 x 7 at stride 2 does not."""
    kernel = gabor(6, 11)[None, None]
    assert folded_share(kernel, (4, 4))[0] > 0.75  # a wave of 6 pixels is finer than 8
    assert folded_share(kernel, (2, 2))[0] < 0.1  # and coarser than 4
    assert folded_share(kernel, (4, 1))[0] < 0.2  # it waves across, not down
    assert folded_share(kernel, (1, 1))[0] == pytest.approx(0, abs=1e-12)


def test_a_first_layer_is_judged_by_its_own_stride(planted):
    atlas = planted()
    waves = np.stack([gabor(wave, 11) for wave in (6, 24, 24, 24)])[:, None]
    write.write_weights(atlas.path, LAYER, waves, np.zeros(4))
    assert found(atlas) == {}  # a stride of one
    manifest = json.loads((atlas.path / layout.MANIFEST).read_text())
    manifest["layers"][0]["stride"] = [4, 4]
    (atlas.path / layout.MANIFEST).write_text(json.dumps(manifest))
    (symptom,) = diagnose(atlas.path).symptoms
    assert (symptom.kind, symptom.gravity, symptom.cases[0].channel) == ("aliasing", "worth a look", 0)
    assert "finer than 8 pixels" in symptom.measured
    assert "a stride of 2 would fold" in symptom.measured


def test_twins_are_those_of_a_literal_search():
    rng = np.random.default_rng(3)
    peaks = rng.random((12, 60)).astype(np.float32)
    peaks[7] = peaks[2] * 3 + rng.normal(0, 0.02, 60)
    peaks[5] = 1  # never changes: like nothing
    alike = np.corrcoef(np.delete(peaks, 5, axis=0))
    assert [(one, other) for one, other, _ in twins(peaks)] == [(2, 7)]
    assert twins(peaks)[0][2] == pytest.approx(np.sort(alike[np.triu_indices(11, 1)])[-1], abs=1e-6)


def test_the_interval_of_a_correlation_is_fishers():
    rng = np.random.default_rng(5)
    one = rng.normal(size=40)
    found = stats.pearsonr(one, other := one + rng.normal(0, 0.2, 40))
    low, high = found.confidence_interval(0.95)
    assert (
        interval(float(np.corrcoef(one, other)[0, 1]), 40)
        == f"{found.statistic:.3f} ({low:.3f} to {high:.3f})"
    )


def test_ranks_are_by_gravity_then_kind_and_every_kind_has_a_looker(planted):
    atlas = planted(maximum=(2, 0.0), positive=(3, 0.995), class_peak=(1, [0.5, 1.75]), y=(1, 0), x=(1, 0))
    kinds = [one.kind for one in diagnose(atlas).symptoms]
    assert kinds == ["dead", "shortcut", "always-on"]
    for kind in KINDS:
        assert all(one.kind == kind for one in diagnose(atlas, kind=kind).symptoms)
    with pytest.raises(UnknownName, match=r"unknown kind of symptom 'deaf'.*dead"):
        diagnose(atlas, kind="deaf")


def test_the_command_prints_evidence_with_its_check(planted, capsys):
    path = planted(maximum=(2, 0.0), value=(2, -1.0)).path
    app(["diagnose", str(path)], result_action="return_value")
    text = capsys.readouterr().out
    assert re.search(
        r"look first: dead channels, relu1: 1 of 4 channels\n  2: never above zero\n  measured: .*\n", text
    )
    assert "not known: nobody has asked why" in text
    app(["diagnose", str(path), "--kind", "dead", "--json"], result_action="return_value")
    found = json.loads(capsys.readouterr().out)
    assert [one["kind"] for one in found["symptoms"]] == ["dead"]
    shutil.rmtree(path)
