"""Named kernels against scipy and Pillow; kernels from files."""

import json

import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy import ndimage

from convscope.arithmetic.kernels import KERNELS, as_kernel, find_kernel
from convscope.arithmetic.sliding import convolve
from convscope.arithmetic.window import Window
from convscope.errors import BadSpec, UnknownName

PICTURE = np.random.default_rng(0).integers(0, 256, (12, 9)).astype(np.uint8)


def applied(name: str) -> np.ndarray:
    kernel = find_kernel(name)
    window = Window(len(kernel))
    return convolve(PICTURE[None].astype(float), kernel[None], window, window)


@pytest.mark.parametrize(
    ("name", "filtered"),
    [
        ("sobel-x", lambda p: ndimage.sobel(p, axis=1)),
        ("sobel-y", lambda p: ndimage.sobel(p, axis=0)),
        ("prewitt-x", lambda p: ndimage.prewitt(p, axis=1)),
        ("prewitt-y", lambda p: ndimage.prewitt(p, axis=0)),
        ("laplacian", ndimage.laplace),
        ("blur", lambda p: ndimage.uniform_filter(p, 3)),
        ("identity", lambda p: p),
        ("sharpen", lambda p: p - ndimage.laplace(p)),
    ],
)
def test_a_named_kernel_is_scipys_filter(name, filtered):
    np.testing.assert_allclose(applied(name), filtered(PICTURE.astype(float))[1:-1, 1:-1], atol=1e-9)


@pytest.mark.parametrize("name", ["gaussian", "gaussian-5", "blur-5"])
def test_a_blur_is_pillows_kernel(name):
    kernel = find_kernel(name)
    margin = len(kernel) // 2
    weights = (kernel / kernel.min()).round().astype(int)
    pillows = Image.fromarray(PICTURE).filter(
        ImageFilter.Kernel(kernel.shape, weights.ravel().tolist(), scale=int(weights.sum()))
    )
    inner = np.asarray(pillows)[margin:-margin, margin:-margin]
    np.testing.assert_allclose(applied(name), inner, atol=0.51)


@pytest.mark.parametrize(
    ("name", "towards"),
    [("edge-0", (0, 1)), ("edge-45", (-1, 1)), ("edge-90", (-1, 0)), ("edge-135", (-1, -1))],
)
def test_an_edge_kernel_answers_most_to_brightness_that_rises_its_way(name, towards):
    y, x = np.mgrid[:3, :3]
    ways = {
        (dy, dx): float((find_kernel(name) * (y * dy + x * dx)).sum())
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    }
    slopes = {way: answer / (np.hypot(*way) or 1) for way, answer in ways.items()}
    assert max(slopes, key=lambda way: slopes[way]) == towards


def test_edges_ignore_brightness_and_blurs_keep_it():
    sums = {name: round(float(kernel.sum()), 12) for name, kernel in KERNELS.items()}
    assert {name for name, total in sums.items() if total == 0} == {
        name
        for name in KERNELS
        if name.startswith(("sobel", "prewitt", "scharr", "edge", "laplacian", "outline"))
    }
    assert {total for total in sums.values() if total} == {1.0}


def test_a_kernel_from_text_csv_and_json_is_the_same(tmp_path):
    rows = [[1, -2.5, 3], [0, 4, 1e-1]]
    files = {
        "a.txt": "# an edge\n1 -2.5 3\n\n0 4 1e-1  # second\n",
        "b.csv": "1,-2.5,3\n0, 4, 0.1\n",
        "c.json": json.dumps(rows),
        "d.csv": "1;-2.5;3;\n0;4;.1;\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        np.testing.assert_array_equal(find_kernel(str(tmp_path / name)), rows)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.txt", "1 2\n3", "all rows equally long"),
        ("a.txt", "1 two", "could not convert string to float: 'two'"),
        ("a.txt", "", "a kernel is a matrix of"),
        ("a.json", "[[1, null]]", "finite"),
        ("a.json", "{", "Expecting property name"),
    ],
)
def test_a_file_that_is_no_kernel(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(BadSpec, match=rf"cannot read kernel .*{name}: .*{said}.*Write a matrix of numbers"):
        find_kernel(str(tmp_path / name))


def test_a_kernel_that_does_not_exist():
    with pytest.raises(UnknownName, match="unknown kernel 'sobelx': did you mean sobel-x or sobel-y"):
        find_kernel("sobelx")
    with pytest.raises(BadSpec, match=r"there is no kernel file mine\.csv"):
        find_kernel("mine.csv")
    with pytest.raises(BadSpec, match=r"not shape \(3,\)"):
        as_kernel(np.zeros(3))
