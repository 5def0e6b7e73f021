"""The classics against the numbers of their papers."""

import pytest
import torch
from torch import nn

from convscope.errors import BadModel, BadSpec
from convscope.nets import NETS
from convscope.nets.build import build
from convscope.nets.cost import cost_of
from convscope.nets.lenet import READS, Codes, LeNet1998, PartialConvolution, Subsampling
from convscope.nets.nielsen import COURSES, initialise
from convscope.nets.open import open_model
from convscope.nets.resnet import resnet
from convscope.nets.zfnet import clip_rms

# parameters, multiply-adds, receptive field of the last maps; papers, or counted from their tables
PAPERS = {
    "lenet5": (61_706, 416_520, 16),
    "nielsen": (85_670, 1_633_000, 16),
    "nielsen1": (79_510, 79_400, None),
    "nielsen2": (289_630, 577_000, 6),
    "nielsen3": (85_670, 1_633_000, 16),
    "nielsen4": (85_670, 1_633_000, 16),
    "nielsen5": (85_670, 1_633_000, 16),
    "nielsen6": (215_870, 1_763_000, 16),
    "nielsen6a": (215_870, 1_763_000, 16),
    "nielsen6b": (671_570, 2_218_000, 16),
    "nielsen7": (306_170, 1_853_000, 16),
    "nielsen7a": (95_770, 1_643_000, 16),
    "nielsen7b": (306_170, 1_853_000, 16),
    "nielsen7c": (1_672_570, 3_218_000, 16),
    "nielsen8": (1_672_570, 3_218_000, 16),
    "nielsen9": (5 * 1_672_570, 5 * 3_218_000, 16),
    "alexnet-2012": (60_965_224, 724_406_816, 195),
    "zfnet": (62_357_608, 1_168_032_896, 171),
    "zfnet-fc2048": (28_848_232, 1_134_527_616, 171),
    "zfnet-fc8192": (154_542_184, 1_260_209_280, 171),
    "zfnet-wide": (107_627_624, 2_476_704_896, 171),
    "zfnet-wide-fc8192": (237_560_936, 2_606_630_016, 171),
    "googlenet-2014": (6_998_552, 1_582_671_872, 715),
    "resnet50-2015": (25_557_032, 3_857_973_248, 483),
    "resnet101-2015": (44_549_160, 7_570_194_432, 1027),
    "resnet152-2015": (60_192_808, 11_282_415_616, 1507),
}
TORCHVISION = {
    "alexnet": (61_100_840, 714_188_480, 195),
    "vgg11": (132_863_336, 7_609_090_048, 150),
    "vgg16": (138_357_544, 15_470_264_320, 212),
    "vgg19_bn": (143_678_248, 19_632_062_464, 268),
    "googlenet": (6_624_904, 1_498_376_192, 379),
    "resnet18": (11_689_512, 1_814_073_344, 435),
    "resnet50": (25_557_032, 4_089_184_256, 427),
}


def weightless(name: str):
    """On the meta device: all shapes, no numbers."""
    with torch.device("meta"):
        return open_model(name)


HEAVY = ("resnet101-2015", "resnet152-2015")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in HEAVY else ()) for name in PAPERS | TORCHVISION],
)
def test_parameters_multiply_adds_and_receptive_field_are_the_published_ones(name):
    with torch.device("meta"):
        cost = cost_of(open_model(name))
    assert (cost.parameters, cost.multiply_adds, cost.field) == (PAPERS | TORCHVISION)[name]


def test_every_parameter_that_layers_taken_out_of_alexnet_held_is_gone():
    whole = PAPERS["alexnet-2012"][0]
    sixth, seventh = (9216 + 1) * 4096, (4096 + 1) * 4096
    third, fourth = (256 * 9 + 1) * 384, (192 * 9 + 1) * 384
    narrower = (384 - 256) // 2 * 9 * 256  # what layer 5 reads less
    left = {
        "without-7": whole - seventh,
        "without-6-7": whole - sixth - seventh + (9216 - 4096) * 1000,
        "without-3-4": whole - third - fourth - narrower,
    }
    for name, parameters in left.items():
        assert weightless(f"alexnet-2012-{name}").parameters == parameters


def test_zfnet_has_the_sizes_and_fields_of_figure_3():
    layers = weightless("zfnet").layers
    names = ["relu1", "pool1", "relu2", "pool2", "relu3", "relu4", "relu5", "pool3"]
    assert [layers[name].height for name in names] == [110, 55, 26, 13, 13, 13, 13, 6]
    assert [layers[name].field.size[0] for name in names] == [7, 11, 27, 43, 75, 107, 139, 171]
    fields = [layers[name].field for name in names]
    assert [field.start[0] + (field.size[0] - 1) // 2 for field in fields] == [2, 2, 10, 10, 10, 10, 10, 26]


def test_alexnet_has_the_sizes_of_its_figure():
    model = weightless("alexnet-2012")
    names = ["relu1", "pool1", "relu2", "pool2", "relu3", "relu4", "relu5", "pool3"]
    shapes = [model.layers[name].shape for name in names]
    assert [shape[0] for shape in shapes] == [96, 96, 256, 256, 384, 384, 256, 256]
    assert [shape[1] for shape in shapes] == [55, 27, 27, 13, 13, 13, 13, 6]
    assert model.module.conv2.groups == model.module.conv4.groups == model.module.conv5.groups == 2


def test_resnets_of_the_paper_stride_first():
    with torch.device("meta"):
        block = resnet(1000, 3, layers=50).layer2[0]
    assert (block.conv1.stride, block.conv2.stride) == ((2, 2), (1, 1))


def test_lenet_of_1998_has_the_trained_parameters_of_its_layers():
    net = LeNet1998()
    layers = {name: sum(p.numel() for p in part.parameters()) for name, part in net.named_children()}
    trained = {name: count for name, count in layers.items() if count}
    assert trained == {"c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164}


def test_lenets_connections_are_those_of_table_1():
    columns = [sorted(source % 6 for source in sources) for sources in READS]
    assert columns[:6] == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [0, 4, 5], [0, 1, 5]]
    assert columns[6:12] == [
        [0, 1, 2, 3],
        [1, 2, 3, 4],
        [2, 3, 4, 5],
        [0, 3, 4, 5],
        [0, 1, 4, 5],
        [0, 1, 2, 5],
    ]
    assert columns[12:] == [[0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5]]


def test_a_partial_convolution_sums_over_the_maps_it_reads():
    torch.manual_seed(0)
    layer, maps = PartialConvolution(), torch.randn(1, 6, 7, 7)
    nn.init.normal_(layer.kernels)
    nn.init.normal_(layer.bias)
    kernels, out = iter(layer.kernels), layer(maps)
    for to, sources in enumerate(READS):
        expected = layer.bias[to] + sum(
            nn.functional.conv2d(maps[:, source % 6, None], next(kernels)[None, None])[0, 0]
            for source in sources
        )
        torch.testing.assert_close(out[0, to], expected, atol=1e-5, rtol=1e-4)


def test_subsampling_is_a_sum_times_a_number_plus_a_number():
    layer, maps = Subsampling(2), torch.rand(1, 2, 4, 4)
    nn.init.constant_(layer.coefficient, 0.5)
    nn.init.constant_(layer.bias, 3.0)
    assert layer(maps)[0, 1, 0, 1].item() == pytest.approx(0.5 * maps[0, 1, :2, 2:].sum().item() + 3)


def test_codes_score_by_squared_distance():
    layer, features = Codes(84, 10), torch.randn(3, 84)
    expected = -(torch.cdist(features, layer.codes) ** 2)
    torch.testing.assert_close(layer(features), expected, atol=1e-3, rtol=1e-4)
    assert set(layer.codes.flatten().tolist()) == {-1.0, 1.0}


def test_nielsens_weights_start_as_in_network3():
    torch.manual_seed(0)
    net = build(NETS["nielsen6b"].spec, classes=10, channels=1, height=28, width=28)
    initialise(net)
    assert net.conv2.weight.std().item() == pytest.approx((40 * 25 / 4) ** -0.5, rel=0.02)
    assert net.fc1.weight.std().item() == pytest.approx(1000**-0.5, rel=0.02)
    assert net.fc1.bias.std().item() == pytest.approx(1, rel=0.1)
    assert not net.logits.weight.any()
    assert not net.logits.bias.any()


def test_every_course_is_of_a_network():
    assert set(COURSES) <= set(NETS)


def test_loud_filters_are_scaled_to_a_tenth_and_quiet_ones_left():
    conv = nn.Conv2d(3, 2, 7)
    nn.init.constant_(conv.weight[0], 0.5)
    nn.init.constant_(conv.weight[1], -0.01)
    assert clip_rms(nn.Sequential(conv)) == 1
    assert conv.weight[0].square().mean().sqrt().item() == pytest.approx(0.1)
    assert (conv.weight[1] == -0.01).all()


def test_input_classes_and_channels_are_the_papers_or_what_is_asked_for():
    model = open_model("lenet5")
    assert (model.fit.channels, model.fit.height, len(model.classes)) == (1, 32, 10)
    model = open_model("lenet5", input_size=(3, 28, 40), classes=("cat", "dog"))
    assert (model.fit.channels, model.fit.width, model.classes) == (3, 40, ("cat", "dog"))
    assert open_model("lenet5", input_size=28).parameters == 61_706
    small = open_model("googlenet-2014", input_size=(1, 64, 48), classes=5)
    assert small.scores(torch.zeros(1, 1, 64, 48)).shape == (1, 5)


def test_what_an_architecture_cannot_be_is_refused():
    with pytest.raises(
        BadModel, match="lenet5-1998 is defined for an input of 1x32x32 only, not for 3x64x64"
    ):
        open_model("lenet5-1998", input_size=(3, 64, 64))
    with pytest.raises(
        BadSpec, match=r"'p3s2' does not fit: its window spans 3 pixels, the map before it is 2x2"
    ):
        open_model("zfnet", input_size=40)
