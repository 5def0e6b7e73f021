from dataclasses import replace

import pytest

from convscope.plain.question import Question
from convscope.plain.unit import Unit

ASKED = Question("m1", Unit("conv4", 17, (3, 5)), "occlusion", 1, "cats/été.jpg", {"size": 12, "fill": 0.5})


def test_the_key_never_changes():
    assert ASKED.key == "614e56de81ff7e71d86fdf466f07b6ab"  # maps on disk are named by it


def test_the_order_of_settings_does_not_matter():
    assert replace(ASKED, settings={"fill": 0.5, "size": 12}).key == ASKED.key


@pytest.mark.parametrize(
    "change",
    [
        {"model": "m2"},
        {"unit": Unit("conv4", 17)},
        {"unit": Unit("conv4", 17, (5, 3))},
        {"unit": Unit("conv5", 17, (3, 5))},
        {"lens": "gradient"},
        {"version": 2},
        {"image": "cats/ete.jpg"},
        {"settings": {"size": 12}},
        {"settings": {"size": 12, "fill": 0.25}},
    ],
)
def test_any_other_question_has_another_key(change):
    assert replace(ASKED, **change).key != ASKED.key
