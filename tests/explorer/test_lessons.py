"""The numbers of the labs, held against torch; and what the lessons say where the atlas lacks something."""

import json
import re
import shutil
from itertools import product

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from convscope.arithmetic.convolution import PADDINGS
from convscope.arithmetic.kernels import KERNELS
from convscope.atlas import layout
from convscope.atlas.read import open_atlas
from convscope.atlas.write import write_manifest, write_weights
from convscope.errors import BadAtlas
from convscope.explorer.app import create_app
from convscope.explorer.labs import stride as stride_lab
from convscope.explorer.labs.crop import liveliest, unpadded
from convscope.explorer.labs.field import field_lab
from convscope.explorer.labs.kernel import kernel_lab
from convscope.explorer.labs.lessons import LABS
from convscope.explorer.labs.pooling import pooling_lab
from convscope.plain.boxes import Box

from . import synthetic
from .asking import ask
from .test_pages import Reader, read


def double(array) -> torch.Tensor:
    return torch.as_tensor(np.array(array), dtype=torch.float64)


def network_map(atlas, row: int, channel: int) -> torch.Tensor:
    """What the first convolution makes of the whole photograph, straight from its file."""
    photo = np.asarray(Image.open(layout.photo_file(atlas.path, row)))
    kernels = atlas.weights("relu1")
    read = (double(photo).permute(2, 0, 1) / 255 - 0.5) / 0.5
    weight, bias = double(kernels["weight"][[channel]]), double(kernels["bias"][[channel]])
    return functional.conv2d(read[None], weight, bias, stride=2, padding=2)[0, 0]


def test_the_networks_kernels_give_what_torch_gives_on_the_whole_photograph(atlas):
    lab = kernel_lab(atlas)
    y, x = lab.position
    for slide in lab.benches[1].slides:
        whole = network_map(atlas, lab.crop.row, slide.channel)
        height, width = slide.map.shape
        np.testing.assert_allclose(slide.map, whole[y : y + height, x : x + width], atol=1e-6)


def test_kernels_of_the_blackboard_give_what_torch_gives(atlas):
    lab = kernel_lab(atlas)
    grey = Image.open(layout.photo_file(atlas.path, lab.crop.row)).convert("L").crop(tuple(lab.crop.box))
    for slide in lab.benches[0].slides:
        wanted = functional.conv2d(double(grey)[None, None], double(KERNELS[slide.name])[None, None])[0, 0]
        np.testing.assert_allclose(slide.map, wanted, atol=1e-9)


def counted(n: int, padding: tuple[int, int], kernel: int, stride: int, dilation: int) -> list[int]:
    """How often each of ``n`` pixels is read, by the gradient of all outputs; with their number at the end."""
    pixels = torch.zeros(1, 1, n, requires_grad=True)
    padded = functional.pad(pixels, padding)
    if padded.shape[2] <= dilation * (kernel - 1):
        return [0] * n + [0]
    out = functional.conv1d(padded, torch.ones(1, 1, kernel), stride=stride, dilation=dilation)
    out.sum().backward()
    assert pixels.grad is not None
    return [*pixels.grad[0, 0].int().tolist(), out.shape[2]]


def means(
    levels: list[int], padding: tuple[int, int], kernel: int, stride: int, dilation: int
) -> list[float]:
    """The mean of what every window reads of padded levels; empty where none fits."""
    padded = functional.pad(double(levels)[None, None], padding)
    if padded.shape[2] <= dilation * (kernel - 1):
        return []
    even = torch.full((1, 1, kernel), 1 / kernel, dtype=torch.float64)
    return functional.conv1d(padded, even, stride=stride, dilation=dilation)[0, 0].tolist()


def dropped(n: int, padding: tuple[int, int], kernel: int, stride: int, dilation: int) -> int:
    """Pixels at the end that no window spans, whether it reads them or not."""
    *spanned, _ = counted(n, padding, dilation * (kernel - 1) + 1, stride, 1)
    text = "".join(str(min(count, 1)) for count in spanned)
    return n - len(text.rstrip("0"))


def test_every_walk_is_what_autograd_says():
    data = stride_lab.walks()
    every = list(product(*stride_lab.CHOICES.values()))
    assert len(every) == len(data["walks"])
    for settings, found in zip(every, data["walks"], strict=True):
        n, kernel, stride, dilation, padding = settings
        before, after, outputs, lost, visits, formula, said = found
        reach = dilation * (kernel - 1)
        *counts, positions = counted(n, (before, after), kernel, stride, dilation)
        assert (outputs, visits) == (positions, "".join(map(str, counts)))
        assert lost == dropped(n, (before, after), kernel, stride, dilation)
        assert formula.endswith(f"= {positions}") or positions == 0
        levels = list(range(3, 3 + 7 * n, 7))
        one = stride_lab.walk(*settings)
        np.testing.assert_allclose(
            one.answers(levels), means(levels, (before, after), kernel, stride, dilation)
        )
        promised = {"valid": (0, 0), "full": (reach, reach), "causal": (reach, 0)}
        assert (before, after) == promised.get(padding, (before, after))
        assert padding != "same" or outputs == -(-n // stride)
        assert [data["sentences"][index] for index in said] == list(
            stride_lab.walk(*settings).window.promises(n)
        )


def test_pools_and_switches_are_those_of_torch(lively):
    lab = pooling_lab(lively)
    maps = np.asarray(Image.open(layout.loupe_maps_file(lively.path, "relu1", lab.chosen)))
    present = np.setdiff1d(lively.loupe("relu1")["channel"][lab.chosen], [synthetic.NONE]).tolist()
    levels = maps[present.index(lab.channel) * 16 :][:16]
    left, top = int(lab.box.left), int(lab.box.top)
    for shift in lab.shifts:
        cells = double(levels[top : top + 8, left - shift.by : left - shift.by + 8])[None, None]
        best, where = functional.max_pool2d(cells, 2, return_indices=True)
        assert shift.cells.tolist() == cells[0, 0].int().tolist()
        assert shift.switches == set(where.flatten().tolist())
        np.testing.assert_array_equal(shift.pooled("max"), best[0, 0])
        np.testing.assert_array_equal(shift.pooled("avg"), functional.avg_pool2d(cells, 2)[0, 0])
    assert not lab.shifts[0].changed_after("max").any()
    assert lab.shifts[1].changed.sum() > 0


def test_the_field_of_the_middle_cell_is_its_stored_interval(atlas):
    for place, seen in enumerate(field_lab(atlas).sees):
        middle = synthetic.LAYERS[place][1][1] // 2
        top, bottom = synthetic.interval(place)[middle]
        assert seen.box == Box(top, top, bottom, bottom)


def test_the_question_about_the_field_has_the_right_answer(app):
    page = read(app, "/learn/receptive-field/")
    right = int(next(attributes for tag, attributes in page.tags if tag == "scope-predict")["data-right"])
    answers = re.findall(r"(\d+ × \d+) pixels", page.text.split("depend on?")[1])
    assert answers[right] == "13 × 13"


def test_a_field_beyond_the_picture_is_not_asked_for_since_two_answers_would_hold(own):
    about = json.loads((own.path / "atlas.json").read_text("utf-8"))
    about["layers"][1]["size"] = [33, 33]  # of 32 x 32 pixels
    write_manifest(own.path, about)
    lab = field_lab(open_atlas(own.path))
    assert (lab.sees[lab.asked].layer.name, lab.answers[lab.right]) == ("relu1", (5, 5))
    assert lab.beyond.name == "layer2.0.relu#2"


def test_the_answers_about_the_field_of_an_oblong_picture_are_oblong(own):
    about = json.loads((own.path / "atlas.json").read_text("utf-8"))
    about["layers"][1]["size"] = [13, 9]
    write_manifest(own.path, about)
    page = read(create_app(open_atlas(own.path)), "/learn/receptive-field/").text
    assert "13 × 9 pixels" in page.split("depend on?")[1]


@pytest.mark.parametrize("channels", [1, 2, 3, 9])
def test_the_numbers_of_a_picture_are_those_of_all_its_channels(own, channels):
    about = json.loads((own.path / "atlas.json").read_text("utf-8"))
    about["model"]["channels"] = channels
    write_manifest(own.path, about)
    page = read(create_app(open_atlas(own.path)), "/learn/pixels/")
    right = int(next(attributes for tag, attributes in page.tags if tag == "scope-predict")["data-right"])
    answers = re.findall(r"[\d,]+", page.text.split("How many numbers is that?")[1])
    assert answers[right] == f"{32 * 32 * channels:,}"


@pytest.fixture(scope="module")
def app(atlas):
    return create_app(atlas)


def test_without_scripts_the_sum_is_there_to_read(app, atlas):
    lab = kernel_lab(atlas)
    page = read(app, "/learn/kernel/").text
    for bench in lab.benches:
        slide = bench.slides[0]
        products = bench.window(slide) * slide.weight
        number = next(iter(re.findall(rf"the {bench.taps} products add up to (\S+) ,", page)))
        assert float(number.replace("−", "-")) == pytest.approx(products.sum(), abs=5e-4)


def test_the_crop_is_where_most_changes_and_never_the_border():
    photo = np.zeros((40, 40, 1), dtype=np.uint8)
    photo[:, :10] = 255  # a border
    photo[22:28:2, 24:30] = 20
    assert liveliest(photo, 8).left < 10
    inside = liveliest(photo, 8, within=Box(10, 0, 40, 40))
    assert 18 <= inside.left <= 29
    assert 17 <= inside.top <= 27
    assert (inside.width, inside.height) == (8, 8)


def test_the_border_of_a_tall_picture_is_left_out(atlas, tmp_path):
    shutil.copytree(atlas.path, tmp_path / "atlas")
    path = tmp_path / "atlas" / layout.IMAGES
    columns = json.loads(path.read_text())
    columns["width"][1] = 16
    path.write_text(json.dumps(columns))
    assert unpadded(open_atlas(tmp_path / "atlas"), 1) == Box(8, 0, 24, 32)


def test_an_atlas_without_weights_still_slides_the_blackboard(atlas, tmp_path):
    shutil.copytree(atlas.path, tmp_path / "atlas")
    layout.weights_file(tmp_path / "atlas", "relu1").unlink()
    page = Reader(ask(create_app(open_atlas(tmp_path / "atlas")), "/learn/kernel/").text)
    assert "holds no weights of its first layer" in page.text
    assert "of this network," not in page.text


def test_damaged_weights_are_named(atlas, tmp_path):
    shutil.copytree(atlas.path, tmp_path / "atlas")
    write_weights(tmp_path / "atlas", "relu1", np.ones((9, 3, 5, 5)), np.ones(9))
    with pytest.raises(BadAtlas, match=r"weights.safetensors holds no kernels of 10 channels: survey again"):
        open_atlas(tmp_path / "atlas").weights("relu1")


def test_without_photographs_the_lessons_say_what_makes_them(atlas, monkeypatch):
    monkeypatch.setattr(type(atlas), "chosen", ())
    app = create_app(atlas)
    assert "The lab needs a photograph of the atlas" in read(app, "/learn/kernel/").text
    assert "The lab needs an activation map" in read(app, "/learn/pooling/").text
    assert "One row of pixels" in read(app, "/learn/stride-and-padding/").text


def test_an_unknown_lesson_is_named(app):
    reply = ask(app, "/learn/poolnig/")
    assert (reply.status, "did you mean pooling" in reply.text) == (404, True)


def test_every_padding_is_compared():
    assert [settings[-1] for settings in stride_lab.COMPARED] == list(PADDINGS)


@pytest.mark.parametrize("key", list(LABS))
def test_a_lab_alone_is_its_lesson_without_the_question(app, key):
    lesson, lab = (read(app, f"/{address}/") for address in (LABS[key].page.rstrip("/"), f"lab/{key}"))
    assert (len(lesson.all("scope-predict")), lab.all("scope-predict")) == (1, [])
    assert [script["src"] for script in lab.all("script") if "src" in script] == [
        script["src"] for script in lesson.all("script") if "src" in script
    ]
    assert lab.text.count(": the lab") == 2


def test_an_unknown_lab_is_named(app):
    reply = ask(app, "/lab/convolutoin/")
    assert (reply.status, "did you mean convolution" in reply.text) == (404, True)


def test_unmeasured_lessons_name_the_command(half_made):
    app = create_app(half_made)
    for key in ("pooling", "receptive-field", "occlusion"):
        assert "convscope lessons RUN measures it" in read(app, f"/learn/{key}/").text
    assert "hurt most" not in read(app, "/learn/occlusion/").text


def test_what_was_measured_stands_in_the_lessons(app):
    shift = read(app, "/learn/pooling/").text
    assert (
        "moved by 0 px 1 px 2 px relu1 0 25 50 layer2.0.relu#2 0 25 50 head 0 25 50 keeps its class 100 100 50"
        in shift
    )
    assert "7 × 9" in read(app, "/learn/receptive-field/").text


def test_every_answer_of_a_walk_has_room_in_its_drawing(atlas):
    drawn = ask(create_app(atlas), "/learn/stride-and-padding/").text.split('<div class="walk">')[1:]
    assert len(drawn) == 5
    for svg in drawn:
        left, width = map(float, re.findall(r'viewBox="(\S+) 0 (\S+) ', svg)[0])
        x = float(re.findall(r'class="answer" x="([\d.]+)"', svg)[0])
        assert left + width - x >= len("190.333") * 0.42 * 0.61  # a sign of a fixed pitch is 0.6 em wide


def test_lessons_say_nothing_of_colours_where_the_network_sees_grey(own):
    for row in own.chosen:
        path = layout.photo_file(own.path, row)
        Image.open(path).convert("L").save(path)
    write_weights(own.path, "relu1", np.ones((10, 1, 5, 5)), np.ones(10))
    app = create_app(open_atlas(own.path))
    kernel, channels = (ask(app, f"/learn/{name}/").text for name in ("kernel", "channels"))
    assert "its one grey channel" in kernel
    assert "all colours" not in kernel
    assert "colour by colour" not in channels
    assert "their sum" not in channels


def test_the_relu_lab_shows_which_part_of_which_picture_it_reads(atlas):
    lab = ask(create_app(atlas), "/learn/pooling/").text.split('id="relu-title"')[1].split("</section>")[0]
    assert "outlined part of this picture" in lab
    assert 'class="corner"' in lab
