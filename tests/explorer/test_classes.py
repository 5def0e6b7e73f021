import pytest

from convscope.explorer.app import create_app
from convscope.explorer.classes import called, one_class, selective, taken_for
from convscope.plain.share import wilson

from .asking import ask
from .synthetic import CLASSES, LABELS, PREDICTED

PAIRS = list(zip(LABELS, PREDICTED, strict=True))


@pytest.mark.parametrize("label", range(len(CLASSES)))
def test_right_and_wrong_are_counted_as_they_lie(atlas, label):
    one = one_class(atlas, label)
    assert sorted(one.right.tolist()) == [row for row, pair in enumerate(PAIRS) if pair == (label, label)]
    assert sorted(one.wrong.tolist()) == [
        row for row, (is_, said) in enumerate(PAIRS) if is_ == label and said != label
    ]
    assert {c.label: c.count for c in called(atlas, one)} == {
        said: PAIRS.count((label, said)) for is_, said in PAIRS if is_ == label and said != label
    }
    assert {c.label: c.count for c in taken_for(atlas, one)} == {
        is_: PAIRS.count((is_, label)) for is_, said in PAIRS if said == label and is_ != label
    }


def test_the_channels_of_a_class_prefer_it_and_live(atlas):
    found = selective(atlas, 1)
    assert [one.index for one in found] == sorted((one.index for one in found), reverse=True)
    for one in found:
        peaks = atlas.numbers(one.layer)["class_peak"][one.channel]
        assert peaks.argmax() == 1
        assert atlas.numbers(one.layer)["maximum"][one.channel] > 0


def test_a_class_page_links_its_channels_and_confusions(atlas):
    page = ask(create_app(atlas), "/class/0/").text
    best = selective(atlas, 0)[0]
    assert f"?c={best.channel}" in page
    assert "../../class/1/" in page
    assert "1, 50 %" in " ".join(page.replace("</span>", "").split())


def test_a_class_that_is_none_is_named(atlas):
    reply = ask(create_app(atlas), "/class/9/")
    assert reply.status == 404
    assert "unknown class &#39;9&#39;" in reply.text


def test_the_interval_of_a_share_is_that_of_the_literature():
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3 (score without continuity correction)
    for right, total, interval in (
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ):
        assert wilson(right, total) == pytest.approx(interval, abs=5e-5)
