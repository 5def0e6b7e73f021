"""What every source of images promises, on the same twelve planted pictures."""

import csv
import gzip
import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from convscope.errors import BadImages
from convscope.images import SOURCES, Images, open_images

NAMES = ("class2", "class10")  # in natural order; by letters the other way round
LABELS = [1, 0] * 6


def pixels(row: int) -> np.ndarray:
    """A picture 9 high and 7 wide whose corner says which it is."""
    picture = np.random.default_rng(row).integers(0, 200, (9, 7, 3), dtype=np.uint8)
    picture[0, 0] = row
    return picture


def name_of(row: int) -> str:
    return NAMES[LABELS[row]]


def saved(path: Path, row: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(row)).save(path)
    return path


def class_folders(root: Path) -> Path:
    for row in range(12):
        saved(root / name_of(row) / f"{row:02d}.png", row)
    return root


def split_folders(root: Path, names: tuple[str, str] = ("train", "valid")) -> Path:
    for row in range(12):
        saved(root / names[row >= 8] / name_of(row) / f"{row:02d}.png", row)
    return root


def three_splits(root: Path) -> Path:
    for row in range(12):
        saved(root / ("Training", "validation", "test")[row // 4] / name_of(row) / f"{row:02d}.png", row)
    return root


def nested(root: Path) -> Path:
    for row in range(12):
        saved(root / name_of(row) / f"day{row % 3}" / f"{row:02d}.png", row)
    return root


def in_an_outer_folder(root: Path) -> Path:
    split_folders(root / "photos-master" / "photos")
    (root / "photos-master" / "README.txt").write_text("photos")
    return root


def table_of(root: Path, rows: list[list[str]], name: str = "labels.csv") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    with (root / name).open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return root / name


def flat_with_table(root: Path) -> Path:
    for row in range(12):
        saved(root / "images" / f"{row:02d}.png", row)
    table_of(root, [["filename", "label"], *([f"images/{row:02d}.png", name_of(row)] for row in range(12))])
    return root


def competition(root: Path) -> Path:
    """train.csv beside train/, names without their ending, and pictures that nobody labelled."""
    for row in range(12):
        saved(root / "train" / f"{row:02d}.png", row)
    saved(root / "test" / "xx.png", 0)
    table_of(root, [["id", "breed"], *([f"{row:02d}", name_of(row)] for row in range(12))], "train.csv")
    table_of(root, [["id"], ["xx"]], "sample_submission.csv")
    return root


def manifest(root: Path) -> Path:
    rows = [
        [str(saved(root / "pics" / f"{row:02d}.png", row)), name_of(row), ("train", "val")[row % 2], f"g{row // 4}"]
        for row in range(12)
    ]  # fmt: skip
    return table_of(root, [["path", "label", "split", "group"], *rows])


def parquet_of_paths(root: Path) -> Path:
    pa, parquet = (pytest.importorskip(name) for name in ("pyarrow", "pyarrow.parquet"))
    names = [saved(root / "pics" / f"{row:02d}.png", row).relative_to(root).as_posix() for row in range(12)]
    parquet.write_table(
        pa.table({"path": names, "label": [name_of(row) for row in range(12)]}), root / "m.parquet"
    )
    return root / "m.parquet"


def parquet_of_bytes(root: Path) -> Path:
    pa, parquet = (pytest.importorskip(name) for name in ("pyarrow", "pyarrow.parquet"))
    data = [{"bytes": saved(root / "one.png", row).read_bytes(), "path": None} for row in range(12)]
    (root / "one.png").unlink()
    parquet.write_table(
        pa.table({"img": data, "label": [name_of(row) for row in range(12)]}), root / "m.parquet"
    )
    return root


def zipped(root: Path) -> Path:
    class_folders(root / "loose")
    with zipfile.ZipFile(root / "photos.zip", "w") as archive:
        for path in sorted((root / "loose").rglob("*.png")):
            archive.write(path, path.relative_to(root))
    return root / "photos.zip"


def stack() -> np.ndarray:
    return np.stack([pixels(row) for row in range(12)])


def npz(root: Path) -> Path:
    root.mkdir(parents=True)
    names = np.array([name_of(row) for row in range(12)])
    np.savez(root / "a.npz", x_train=stack()[:8], y_train=names[:8], x_test=stack()[8:], y_test=names[8:])
    return root / "a.npz"


def idx(root: Path) -> Path:
    """Grey, as the format is; classes are numbers, 2 and 10 among them."""
    root.mkdir(parents=True)
    grey = stack()[..., 0]
    head = b"".join(size.to_bytes(4, "big") for size in (0x803, 12, 9, 7))
    (root / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + grey.tobytes()))
    labels = bytes((2, 10)[label] for label in LABELS)
    (root / "train-labels-idx1-ubyte.gz").write_bytes(
        gzip.compress((0x801).to_bytes(4, "big") + (12).to_bytes(4, "big") + labels)
    )
    return root


class Dataset:
    """As torch has them: a length, and (image, label) by number."""

    classes = NAMES

    def __len__(self) -> int:
        return 12

    def __getitem__(self, row: int) -> tuple[Any, Any]:
        return Image.fromarray(pixels(row)), LABELS[row]


class Dictionaries(Dataset):
    """As Hugging Face has them."""

    def __getitem__(self, row: int) -> dict[str, Any]:
        return {"image": Image.fromarray(pixels(row)), "label": name_of(row)}


def tensors(root: Path) -> Any:
    torch = pytest.importorskip("torch")
    data = torch.from_numpy(stack()).permute(0, 3, 1, 2)
    return torch.utils.data.Subset(torch.utils.data.TensorDataset(data, torch.tensor(LABELS)), range(12))


def opened_list(root: Path) -> Images:
    return open_images(list(stack()), labels=[name_of(row) for row in range(12)])


BUILDERS: dict[str, Callable[[Path], Any]] = {
    "class folders": class_folders,
    "train and valid": split_folders,
    "Training, validation, test": three_splits,
    "folders in class folders": nested,
    "an outer folder": in_an_outer_folder,
    "flat with a table": flat_with_table,
    "train.csv beside train": competition,
    "manifest": manifest,
    "Parquet of paths": parquet_of_paths,
    "Parquet of bytes": parquet_of_bytes,
    "zip": zipped,
    "npz": npz,
    "IDX": idx,
    "list and labels": opened_list,
    "pairs": lambda root: [(Image.fromarray(pixels(row)), name_of(row)) for row in range(12)],
    "pairs of paths": lambda root: [(saved(root / f"{row}.png", row), name_of(row)) for row in range(12)],
    "data set": lambda root: Dataset(),
    "data set of dictionaries": lambda root: Dictionaries(),
    "torch subset of tensors": tensors,
    "fashion": lambda root: "fashion",
    "emoji": lambda root: "emoji",
}
NUMBERED = {"IDX": ("2", "10"), "torch subset of tensors": ("0", "1")}
BUNDLED = {"fashion", "emoji"}
PLANTED = sorted(set(BUILDERS) - BUNDLED)


@pytest.fixture
def source(request, tmp_path):
    return BUILDERS[request.param](tmp_path / "source")


each = pytest.mark.parametrize("source", BUILDERS, indirect=True)


@pytest.mark.parametrize(("source", "name"), [(name, name) for name in PLANTED], indirect=["source"])
def test_pictures_labels_and_names_are_those_planted(source, name):
    images = open_images(source)
    names = NUMBERED.get(name, NAMES)
    used = images.labels >= 0
    assert used.sum() == 12
    assert [one for one in images.classes if one in names] == list(names)  # 2 before 10
    assert sorted(int(images[row][0, 0, 0]) for row in np.flatnonzero(used)) == list(range(12))
    for row in np.flatnonzero(used):
        which = int(images[row][0, 0, 0])
        channels = images[row].shape[2]
        np.testing.assert_array_equal(images[row], pixels(which)[..., :channels])
        assert images.classes[images.labels[row]] == names[LABELS[which]]


@each
def test_pixels_are_fresh_bytes_of_the_stated_size(source):
    images = open_images(source)
    for row in (0, len(images) - 1, -1):
        picture = images[row]
        assert (picture.dtype, picture.ndim) == (np.uint8, 3)
        assert picture.shape[2] in (1, 3)
        assert images.size(row) == picture.shape[:2]
        assert images.glance(row).size == picture.shape[:2]
        picture[:] = 0
        assert images[row].any()


@each
def test_ids_are_unique_and_the_same_when_opened_again(source):
    first, again = open_images(source), open_images(source)
    assert len(set(first.ids)) == len(first) == len(first.labels) == len(first.splits)
    assert first.ids == again.ids
    few = [0, len(first) - 1]
    assert first.subset(few).digest == again.subset(few[::-1]).digest
    assert first.subset([0]).digest != first.subset([len(first) - 1]).digest


@each
def test_labels_are_in_range_and_splits_have_their_three_names(source):
    images = open_images(source)
    assert images.labels.dtype == np.int64
    assert images.labels.min() >= -1
    assert images.labels.max() < len(images.classes)
    assert all(isinstance(name, str) for name in images.classes)
    assert set(images.splits) <= {"", "train", "val", "test"}
    assert images.groups is None or len(images.groups) == len(images)


@each
def test_a_number_that_is_not_there_is_named(source):
    images = open_images(source)
    for row in (len(images), -len(images) - 1):
        with pytest.raises(IndexError, match=f"has {len(images)} images, numbered from 0: there is no image {row}"):  # fmt: skip
            images[row]


def contents_of(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("name", PLANTED)
def test_nothing_of_the_users_is_changed_or_added(name, tmp_path):
    source = BUILDERS[name](tmp_path / "source")
    before = contents_of(tmp_path)
    images = open_images(source)
    images.digest, images[0], images.glance(0)
    assert contents_of(tmp_path) == before


def test_every_kind_of_source_is_among_them(tmp_path):
    """But single files, which have no classes, and what is refused."""
    opened = [BUILDERS[name](tmp_path / str(number)) for number, name in enumerate(BUILDERS)]
    used = {next((kind.__name__ for kind in SOURCES if kind.accepts(one)), "") for one in opened}
    assert {kind.__name__.rsplit(".", 1)[-1] for kind in SOURCES} - {"files", "foreign"} == {
        name.rsplit(".", 1)[-1] for name in used - {""}
    }


def test_pictures_that_no_table_names_are_counted(tmp_path):
    notes = open_images(competition(tmp_path)).notes
    assert "Pictures in the folder that no table names: 1." in notes


def test_class_folders_count_more_than_a_table_beside_them(tmp_path):
    class_folders(tmp_path)
    rows = [[f"{name_of(row)}/{row:02d}.png", "other"] for row in range(12)]
    table_of(tmp_path, [["path", "label"], *rows])
    assert open_images(tmp_path).classes == NAMES


def test_a_broken_table_beside_pictures_is_passed_over(tmp_path):
    saved(tmp_path / "0.png", 0)
    (tmp_path / "notes.csv").write_text('path,label\n"0.png,cat\n')
    images = open_images(tmp_path)
    assert (images.classes, len(images)) == ((), 1)
    assert "notes.csv" in images.notes[0]


def test_a_folder_that_was_passed_through_is_said(tmp_path):
    notes = open_images(in_an_outer_folder(tmp_path)).notes
    assert notes[0].startswith("All pictures lie in the folder 'photos-master/photos';")
    assert open_images(nested(tmp_path / "other")).classes == NAMES


def test_labels_that_are_none_or_odd(tmp_path):
    pairs = [(pixels(0), "cat"), (pixels(1), None), (pixels(2), "dog")]
    assert open_images(pairs).labels.tolist() == [0, -1, 1]

    class Boxes(Dataset):
        def __getitem__(self, row):
            return pixels(row), [1, 2, 3, 4]

    with pytest.raises(
        BadImages,
        match=r"Boxes has the list \[1, 2, 3, 4\] for a label: give one whole number or one name an image",
    ):
        open_images(Boxes())


def test_two_pictures_in_a_tuple_are_not_a_picture_and_its_label():
    assert len(open_images((pixels(0), pixels(1)))) == 2
