"""The graph of a network against arrows drawn by hand, and its sums against the table of the summary."""

import pytest
import torch
from torch import nn

from convscope.model.graph import graph
from convscope.model.model import Model
from convscope.model.summary import summary
from convscope.plain.fit import Fit
from convscope.plain.graph import Graph


class Branching(nn.Module):
    """A shortcut around one convolution, two branches put together, and a head that flattens."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.left = nn.Conv2d(4, 2, 1)
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Linear(6 * 16, 5)

    def forward(self, x):
        x = torch.relu(self.norm(self.first(x)))
        x = torch.relu(self.second(x) + x)
        x = torch.cat([self.left(x), x], dim=1)
        return self.head(self.pool(x).flatten(1))


@pytest.fixture(scope="module")
def model() -> Model:
    names = [f"class {index}" for index in range(5)]
    module = Branching().eval()
    return Model(module, fit=Fit(8, 8, channels=3), mean=(0.5,) * 3, std=(0.5,) * 3, classes=names, name="b")


def test_steps_and_arrows_are_those_drawn_by_hand(model):
    found = graph(model)
    assert [node.words for node in found.nodes] == [
        "conv 3x3 padding 1, batch norm, relu", "conv 3x3 padding 1", "sum, relu", "conv 1x1",
        "concatenation", "max pool 2x2 stride 2", "fully connected",
    ]  # fmt: skip
    assert set(found.edges) == {
        (-1, 0), (0, 1), (0, 2), (1, 2), (2, 3), (2, 4), (3, 4), (4, 5), (5, 6),
    }  # fmt: skip
    assert [node.shape for node in found.nodes[-3:]] == [(6, 8, 8), (6, 4, 4), (5,)]


def test_costs_are_those_of_the_summary(model):
    nodes, table = graph(model).nodes, summary(model)
    assert sum(node.parameters for node in nodes) == sum(p.numel() for p in model.module.parameters())
    assert sum(node.multiply_adds for node in nodes) == table.multiply_adds
    assert nodes[0].field == (3, 3)
    assert nodes[1].field == (5, 5)


def test_a_graph_survives_json_and_a_broken_one_is_refused(model):
    made = graph(model)
    assert Graph.from_dict(made.as_dict()) == made
    for edge in ([3, 2], [0, 99], [-2, 0]):
        with pytest.raises(ValueError, match="arrow from"):
            Graph.from_dict(made.as_dict() | {"edges": [edge]})
