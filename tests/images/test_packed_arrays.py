"""Arrays in files: IDX against torchvision's reader, NumPy files against numpy's, and what is refused."""

import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets.mnist import read_sn3_pascalvincent_tensor

from convscope.errors import BadImages
from convscope.images import open_images

CHANCE = np.random.default_rng(0)
PIXELS = CHANCE.integers(0, 256, (7, 5, 4), dtype=np.uint8)
LABELS = np.array([3, 0, 1, 1, 2, 0, 3], np.uint8)


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


def mnist(place: Path, packed: bool = True) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    for split, rows in (("train", slice(0, 5)), ("t10k", slice(5, 7))):
        for kind, array in (("images-idx3", PIXELS), ("labels-idx1", LABELS)):
            data = idx(array[rows])
            name = f"{split}-{kind}-ubyte"
            (place / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(data) if packed else data)
    return place


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("below", ["", "raw", "MNIST/raw"])
def test_idx_files_of_a_folder_are_one_set_with_two_splits(tmp_path, packed, below):
    mnist(tmp_path / below, packed)
    images = open_images(tmp_path)
    assert images.splits == ("train",) * 5 + ("test",) * 2
    assert images.classes == ("0", "1", "2", "3")
    assert images.labels.tolist() == LABELS.tolist()
    assert np.array_equal(np.stack(list(images))[..., 0], PIXELS)
    assert (images.ids[0], images.ids[5], images.size(0)) == ("train/00000", "test/00000", (5, 4))


def test_one_idx_file_is_read_as_torchvision_reads_it(tmp_path):
    file = mnist(tmp_path, packed=False) / "train-images-idx3-ubyte"
    images = open_images(file)
    assert np.array_equal(np.stack(list(images))[..., 0], read_sn3_pascalvincent_tensor(str(file)).numpy())
    assert images.labels.tolist() == LABELS[:5].tolist()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (idx(PIXELS)[:-3], "is shorter than its header says; fetch it again"),
        (idx(PIXELS) + b"x", "is longer than its header says"),
        (idx(LABELS), "is no IDX file of pictures"),
        (b"", "is no IDX file of pictures"),
        (
            struct.pack(">IIII", 0x803, 2**31, 2**15, 2**15),
            r"says its shape is \[2147483648, 32768, 32768\]; at most",
        ),
    ],
)
def test_an_idx_file_that_lies_is_refused(tmp_path, data, message):
    for name, content in (("a-images-idx3-ubyte", data), ("b-images-idx3-ubyte.gz", gzip.compress(data))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadImages, match=message):
            open_images(tmp_path / name)


def test_a_damaged_gzip_is_refused(tmp_path):
    (tmp_path / "images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(PIXELS))[:-20])
    with pytest.raises(BadImages, match=r"cannot read .*; fetch it again"):
        open_images(tmp_path / "images-idx3-ubyte.gz")


def test_labels_that_do_not_fit_their_pictures(tmp_path):
    mnist(tmp_path, packed=False)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS))
    with pytest.raises(BadImages, match="has 7 labels for 5 pictures; fetch both files again"):
        open_images(tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
    ],
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_numpy_files_with_splits(tmp_path, names, save):
    arrays = (PIXELS[:5], LABELS[:5, None], PIXELS[5:], LABELS[5:, None])
    save(tmp_path / "a.npz", **dict(zip(names, arrays, strict=True)))
    images = open_images(tmp_path / "a.npz")
    assert images.splits == ("train",) * 5 + ("test",) * 2
    assert images.labels.tolist() == LABELS.tolist()
    assert np.array_equal(np.stack(list(images))[..., 0], PIXELS)


def test_numpy_files_with_names_and_colours(tmp_path):
    colour = CHANCE.integers(0, 256, (3, 3, 8, 6), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=colour, labels=np.array(["dog", "cat10", "cat2"]))
    images = open_images(tmp_path / "a.npz")
    assert images.classes == ("cat2", "cat10", "dog")
    assert images.labels.tolist() == [2, 1, 0]
    assert np.array_equal(images[1], colour[1].transpose(1, 2, 0))
    np.savez(tmp_path / "b.npz", x=PIXELS, y=LABELS, class_names=np.array(["a", "b", "c", "d"]))
    assert open_images(tmp_path / "b.npz").classes == ("a", "b", "c", "d")


def test_a_single_stack(tmp_path):
    np.save(tmp_path / "a.npy", np.asfortranarray(PIXELS))
    images = open_images(tmp_path / "a.npy")
    assert np.array_equal(np.stack(list(images))[..., 0], PIXELS)
    assert images.labels.tolist() == [-1] * 7


def test_numpy_files_that_are_refused(tmp_path):
    np.savez(tmp_path / "objects.npz", images=np.array([{"a": 1}], dtype=object))
    np.savez(tmp_path / "floats.npz", images=PIXELS / 255)
    np.savez(tmp_path / "none.npz", weights=PIXELS)
    np.savez(tmp_path / "uneven.npz", images=PIXELS, labels=LABELS[:3])
    (tmp_path / "text.npz").write_text("text")
    with zipfile.ZipFile(tmp_path / "liar.npz", "w") as archive:
        header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (99999, 99999, 9), }".ljust(117) + b"\n"
        archive.writestr("images.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    for name, message in {
        "objects": "holds pickled Python objects, which can run code",
        "floats": "has pictures of type float64, whose scale is not known",
        "none": "has no array of pictures: call it images or x_train. Its arrays are weights",
        "uneven": "has 3 labels for 7 pictures",
        "text": "is no intact NumPy file",
        "liar": r"promises an array of shape \(99999, 99999, 9\), which it does not hold",
        "absent": "there is no file",
    }.items():
        with pytest.raises(BadImages, match=message):
            open_images(tmp_path / f"{name}.npz")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("set.pkl", "is a Python pickle, which can run code when opened"),
        ("set.pt", "is a Python pickle, which can run code when opened"),
        ("data_batch_1", r"holds Python pickles.* torchvision.datasets.CIFAR10\(FOLDER\)"),
        ("photos.tar.gz", "is packed: unpack it, or pack the folder as .zip"),
    ],
)
def test_what_could_run_code_is_refused_with_the_next_step(tmp_path, name, message):
    (tmp_path / name).write_bytes(b"cos\nsystem\n(S'touch harm'\ntR.")
    with pytest.raises(BadImages, match=message):
        open_images(tmp_path / name)


def test_a_folder_of_cifar_pickles_is_refused(tmp_path):
    (tmp_path / "batches.meta").write_bytes(b"x")
    with pytest.raises(BadImages, match="holds Python pickles"):
        open_images(tmp_path)
