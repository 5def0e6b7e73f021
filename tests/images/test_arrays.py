"""Images that are in memory already, with torch as the other party."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Subset, TensorDataset

from convscope.errors import BadImages
from convscope.images import open_images

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("source", "shape"),
    [
        (RNG.integers(0, 256, (3, 5, 7), dtype=np.uint8), (5, 7, 1)),
        (RNG.integers(0, 256, (3, 5, 7, 1), dtype=np.uint8), (5, 7, 1)),
        (RNG.integers(0, 256, (3, 5, 7, 3), dtype=np.uint8), (5, 7, 3)),
    ],
)
def test_stacks_and_lists_of_arrays_are_pixels(source, shape):
    for given in (source, list(source)):
        images = open_images(given)

        assert len(images) == 3
        assert np.array_equal(images[1], source[1].reshape(shape))
        assert images.size(1) == (5, 7)
        assert images.raw(1) is None


def test_a_list_may_mix_sizes_and_pillow_images():
    images = open_images([np.zeros((4, 6), np.uint8), Image.new("RGBA", (3, 2), (0, 0, 0, 0))])

    assert [image.shape for image in images] == [(4, 6, 1), (2, 3, 3)]
    assert (images[1] == 255).all()
    assert images.ids == ("00000", "00001")


def test_a_tensor_of_bytes_is_channels_first():
    tensor = torch.arange(2 * 3 * 4 * 5, dtype=torch.uint8).reshape(2, 3, 4, 5)

    images = open_images(tensor)

    assert np.array_equal(images[1], tensor[1].permute(1, 2, 0).numpy())
    assert images.notes == ()


@pytest.mark.parametrize("channels", [1, 2, 3, 7])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int16])
def test_other_tensors_are_kept_and_shown_by_a_projection(channels, dtype):
    tensor = (torch.arange(2 * channels * 4 * 5) % 97).reshape(2, channels, 4, 5).to(dtype)

    images = open_images(tensor)
    shown = tensor[1, :3].double() if channels >= 3 else tensor[1].double().mean(0, keepdim=True)
    expected = torch.round((shown - shown.min()) / (shown.max() - shown.min()) * 255)

    assert images.raw(1).dtype == np.float32
    assert np.array_equal(images.raw(1), tensor[1].float().numpy())
    assert np.array_equal(images[1], expected.permute(1, 2, 0).numpy())
    assert "shown by a projection: the first three channels" in images.notes[0]


def test_constant_and_not_finite_values_can_be_shown():
    images = open_images(torch.stack([torch.zeros(1, 2, 2), torch.tensor([[[np.nan, np.inf], [0, 1]]])]))

    assert images[0].max() == 0
    assert images[1][:, :, 0].tolist() == [[0, 0], [0, 255]]


def test_pixels_may_be_written_to_without_changing_the_source():
    pixels, floats = np.zeros((2, 3, 3), np.uint8), torch.zeros(2, 1, 3, 3)

    open_images(pixels)[0][:] = 9
    open_images(floats).raw(0)[:] = 9

    assert pixels.max() == floats.max() == 0


class Pets(torch.utils.data.Dataset):
    classes = ["cat", "dog"]

    def __len__(self) -> int:
        return 4

    def __getitem__(self, row: int) -> tuple[Image.Image, int]:
        return Image.new("RGB", (3, 2), (row, 0, 0)), row % 2


def test_a_data_set_gives_labels_and_class_names():
    for source, rows in ((Pets(), [0, 1, 2, 3]), (Subset(Pets(), [3, 0]), [3, 0])):
        images = open_images(source)

        assert images.classes == ("cat", "dog")
        assert images.labels.tolist() == [row % 2 for row in rows]
        assert [image[0, 0, 0] for image in images] == rows


def test_targets_are_used_so_that_no_item_is_read_for_its_label():
    class Counted(Pets):
        targets = [1, 1, 0, 1]
        reads = 0

        def __getitem__(self, row):
            self.reads += 1
            return super().__getitem__(row)

    source = Counted()

    assert open_images(source).labels.tolist() == [1, 1, 0, 1]
    assert source.reads == 1


def test_a_data_set_without_labels_or_names():
    plain = TensorDataset(torch.zeros(3, 1, 2, 2))
    numbered = TensorDataset(torch.zeros(3, 1, 2, 2), torch.tensor([2, 0, 1]))

    assert open_images(plain).labels.tolist() == [-1, -1, -1]
    assert open_images(numbered).classes == ("0", "1", "2")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([], "there is no image in the list"),
        (
            [np.zeros(3, np.uint8)],
            r"image 0: ndarray of shape \(3,\) and type uint8 is no image; give \[height",
        ),
        (np.zeros((2, 0, 4), np.uint8), r"shape \(0, 4, 1\).*is no image"),
        ([None], "image 0: NoneType of shape .* is no image"),
        (3, "cannot read images from int: give a folder"),
    ],
)
def test_what_is_no_image_is_refused(source, message):
    with pytest.raises(BadImages, match=message):
        open_images(source)


def test_a_data_set_that_fails_is_named():
    class Broken(Pets):
        def __getitem__(self, row):
            raise KeyError("image")

    with pytest.raises(BadImages, match=r"item 0 of Broken cannot be read: KeyError\('image'\)"):
        open_images(Broken())


def test_the_digest_follows_values_and_labels():
    source = np.zeros((2, 3, 3), np.uint8)
    other = source.copy()
    other[1, 2, 2] = 1

    digests = {
        open_images(source).digest,
        open_images(other).digest,
        open_images(source, labels=[0, 1]).digest,
        open_images(source, labels=[1, 0]).digest,
        open_images(source, labels=["a", "b"]).digest,
    }

    assert len(digests) == 5
    assert open_images(source.copy()).digest in digests
