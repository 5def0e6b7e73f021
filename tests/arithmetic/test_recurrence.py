"""Receptive fields by recurrence: printed tables, papers, and pixels traced one by one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.arithmetic.branches import Node, fields
from convscope.arithmetic.recurrence import Reach, chain
from convscope.arithmetic.window import Window
from convscope.errors import BadSpec, UnknownName

C3 = Window(3, padding=1)
POOL = Window(3, stride=2)
HALVE = Window(2, stride=2)
ALEXNET = [Window(11, 4), POOL, Window(5, padding=2), POOL, C3, C3, C3, POOL]
VGG16 = [*[C3, C3, HALVE] * 2, *[C3, C3, C3, HALVE] * 3]
ZFNET = [
    Window(7, 2, padding=1), Window(3, 2, padding=1), Window(5, 2), Window(3, 2, padding=1), C3, C3, C3, POOL
]  # fmt: skip


def test_alexnet():
    seen = chain(ALEXNET)
    assert [reach.size for reach in seen] == [11, 19, 51, 67, 99, 131, 163, 195]
    assert [reach.stride for reach in seen] == [4, 8, 8, 16, 16, 16, 16, 32]
    assert [seen[place].centre for place in (0, 2, 4, 5, 6)] == [5, 9, 17, 17, 17]
    torchvisions = chain([Window(11, 4, padding=2), *ALEXNET[1:]])
    assert [torchvisions[place].centre for place in (0, 2, 4, 5, 6)] == [3, 7, 15, 15, 15]


def test_vgg_16():
    seen = chain(VGG16)
    assert [reach.size for reach in seen] == [
        3, 5, 6, 10, 14, 16, 24, 32, 40, 44, 60, 76, 92, 100, 132, 164, 196, 212
    ]  # fmt: skip
    assert (seen[-1].stride, -seen[-1].start) == (32, 90)
    assert [seen[place].centre for place in (0, 3, 6, 10, 14, 17)] == [0, 0.5, 1.5, 3.5, 7.5, 15.5]


def test_zfnet():
    seen = chain(ZFNET)
    assert [reach.size for reach in seen] == [7, 11, 27, 43, 75, 107, 139, 171]
    assert [reach.stride for reach in seen] == [2, 4, 8, 16, 16, 16, 16, 32]
    assert [-reach.start for reach in seen] == [1, 3, 3, 11, 27, 43, 59, 59]
    assert [reach.centre for reach in seen] == [2, 2, 10, 10, 10, 10, 10, 26]


def test_mobilenet_v1_with_same_of_tensorflow():
    strides = [2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    last = chain([Window(3, stride, padding="same") for stride in strides], n=224)[-1]
    assert (last.size, last.stride, -last.start) == (315, 32, 126)


def resnet_50(*, stride_first: bool, last_in_stage: bool = False) -> dict[str, Node]:
    """Bottlenecks 3, 4, 6, 3; the stride on the first 1x1 or on the 3x3, of a stage's first block or its last."""
    nodes = {
        "conv1": Node(Window(7, 2, padding=3)),
        "pool": Node(Window(3, 2, padding=1), ("conv1",)),
    }
    top = "pool"
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for block in range(blocks):
            strided = (block == blocks - 1 and stage < 3) if last_in_stage else (block == 0 and stage > 0)
            stride, name = 1 + strided, f"{stage}.{block}"
            nodes[f"{name}a"] = Node(Window(1, stride if stride_first else 1), (top,))
            nodes[f"{name}b"] = Node(Window(3, 1 if stride_first else stride, padding=1), (f"{name}a",))
            nodes[f"{name}s"] = Node(Window(1, stride), (top,))
            nodes[name] = Node(parents=(f"{name}b", f"{name}s"))
            top = name
    return nodes


@pytest.mark.parametrize(
    ("graph", "sizes"),
    [
        (resnet_50(stride_first=False), [35, 91, 267, 427]),
        (resnet_50(stride_first=True), [35, 99, 291, 483]),
        (resnet_50(stride_first=False, last_in_stage=True), [35, 99, 291, 483]),
    ],
)
def test_resnet_50_by_where_its_stride_sits(graph, sizes):
    seen = fields(graph)
    tops = [seen[name].reach for name in ("0.2", "1.3", "2.5", "3.2")]
    assert [reach.size for reach in tops] == sizes
    assert not seen["3.2"].misaligned


def test_torchvisions_resnet_50_is_centred_on_the_first_pixel():
    last = fields(resnet_50(stride_first=False))["3.2"].reach
    assert (-last.start, last.centre) == (213, 0)


def test_the_articles_two_layer_example():
    last = chain([Window(3, 3, padding=1), Window(2)])[-1]
    assert last == Reach(size=6, stride=3, start=-1)
    assert last.at(0) == (-1, 4)


def test_the_articles_misaligned_toy():
    graph = {
        "wide": Node(Window(5, 2, padding=(2, 1))),
        "first": Node(Window(3)),
        "second": Node(Window(3), ("first",)),
        "sum": Node(parents=("wide", "second")),
    }
    seen = fields(graph, n=8)["sum"]
    assert [seen.at(1), seen.at(2)] == [(0, 5), (2, 6)]  # six inputs, then five
    assert seen.reach is None
    assert "sum: strides differ, wide 2 and second 1" in seen.misaligned[0]


def test_branches_of_one_stride_but_other_centres_are_reported_and_have_one_formula():
    graph = {"even": Node(Window(4, padding=(1, 2))), "sum": Node(parents=("even", "pixels"))}
    seen = fields(graph)["sum"]
    assert seen.reach == Reach(4, 1, -1)
    assert seen.misaligned == ("sum: centres differ, even at 0.5 and pixels at 0",)


def test_branches_that_look_different_ways_see_their_hull():
    graph = {
        "back": Node(Window(3, padding="causal")),
        "ahead": Node(Window(3)),
        "sum": Node(parents=("back", "ahead")),
    }
    assert fields(graph)["sum"].reach == Reach(size=5, stride=1, start=-2)


windows = st.builds(
    Window, st.integers(1, 4), st.integers(1, 3), st.integers(1, 2), st.sampled_from((0, 1, "same", "causal"))
)


@settings(deadline=None)
@given(st.lists(windows, min_size=1, max_size=4), st.integers(1, 40), st.integers(0, 3))
def test_a_chain_sees_what_its_taps_reach_one_by_one(stack, n, position):
    lengths = [n]
    for window in stack:
        lengths.append(window.outputs(lengths[-1]))
    seen = {position}
    for window, length in zip(reversed(stack), reversed(lengths[:-1]), strict=True):
        starts = [window.start(unit, length) for unit in seen]
        seen = {start + tap * window.dilation for start in starts for tap in range(window.kernel)}
    assert chain(stack, n)[-1].at(position) == (min(seen), max(seen))


def test_same_with_a_stride_asks_for_the_size():
    with pytest.raises(BadSpec, match="padding 'same' at stride 2 depends on the size of the input: give n"):
        chain([Window(3, 2, padding="same")])


def test_graphs_that_are_none():
    with pytest.raises(UnknownName, match="unknown node 'con': did you mean conv"):
        fields({"conv": Node(), "sum": Node(parents=("con",))})
    with pytest.raises(BadSpec, match="turns in a circle"):
        fields({"a": Node(parents=("b",)), "b": Node(parents=("a",))})
    with pytest.raises(BadSpec, match="stride is 0: it starts at 1"):
        Window(3, 0)
