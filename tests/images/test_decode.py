"""Every kind of pixel against values worked out by hand, and every kind of damage against its reason."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope.errors import BadImages
from convscope.images.decode import decode, decode_and_tell, measure


def encoded(picture: Image.Image, format: str = "PNG", **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def photo(height: int = 20, width: int = 30) -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def bomb(side: int) -> bytes:
    """A black square PNG, made without its pixels: 1 bit each."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(bytes(1000))
    chunks = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (header, pixels)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


RED, GREY = (200, 10, 20), 90


@pytest.mark.parametrize(
    ("picture", "expected", "told"),
    [
        (Image.new("RGB", (3, 2), RED), RED, ()),
        (Image.new("L", (3, 2), GREY), (GREY,), ()),
        (Image.new("1", (3, 2), 1), (255,), ("bilevel",)),
        (Image.new("LA", (3, 2), (GREY, 255)), (GREY,), ("alpha",)),
        (Image.new("LA", (3, 2), (GREY, 0)), (255,), ("alpha",)),
        (Image.new("RGBA", (3, 2), (*RED, 0)), (255, 255, 255), ("alpha",)),
        # half of black on white: 255 * (1 - 128 / 255)
        (Image.new("RGBA", (3, 2), (0, 0, 0, 128)), (127, 127, 127), ("alpha",)),
        (Image.new("RGB", (3, 2), RED).quantize(4), RED, ("palette",)),
        (Image.new("I;16", (3, 2), 257 * GREY), (GREY,), ("deep",)),
        (Image.new("I;16", (3, 2), 65535), (255,), ("deep",)),
        (Image.new("I;16", (3, 2), 128), (0,), ("deep",)),
        (Image.new("I;16", (3, 2), 129), (1,), ("deep",)),
    ],
)
def test_a_png_of_each_mode_becomes_the_stated_pixels(picture, expected, told):
    array, kinds = decode_and_tell(encoded(picture))

    assert array.shape == (2, 3, len(expected))
    assert array.dtype == np.uint8
    assert (array == np.array(expected)).all()
    assert kinds == told


def test_a_palette_with_a_transparent_colour_is_laid_on_white():
    picture = Image.new("P", (3, 2), 1)
    picture.putpalette([0, 0, 0, *RED])

    array, kinds = decode_and_tell(encoded(picture, transparency=1))

    assert (array == 255).all()
    assert kinds == ("palette", "alpha")


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb_as_pillow_converts_it(format):
    picture = photo(16, 16).convert("CMYK")
    file = encoded(picture, format, **({"quality": 100, "subsampling": 0} if format == "JPEG" else {}))

    array, kinds = decode_and_tell(file)

    assert kinds == ("cmyk",)
    assert np.abs(array.astype(int) - np.asarray(picture.convert("RGB"))).mean() < 3


def turned(orientation: int) -> np.ndarray:
    """What a viewer shows, by the words of the EXIF standard for where row 0 and column 0 are."""
    stored = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    if orientation >= 5:
        stored = stored.T
    vertical = orientation in (3, 4, 7, 8)  # row 0 at the bottom, or column 0 when transposed
    horizontal = orientation in (2, 3, 6, 7)
    return stored[:: -1 if vertical else 1, :: -1 if horizontal else 1]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied_to_pixels_and_size(orientation, format):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    lossless = {"lossless": True} if format == "WEBP" else {}

    file = encoded(Image.fromarray(stored), format, exif=exif, **lossless)
    array, kinds = decode_and_tell(file)

    assert np.array_equal(array[:, :, 0], turned(orientation))
    assert measure(file) == array.shape[:2]
    assert ("orientation" in kinds) == (orientation > 1)


def test_a_turned_jpeg_has_its_upright_size():
    exif = Image.Exif()
    exif[0x0112] = 6
    file = encoded(photo(20, 30), "JPEG", exif=exif)

    assert measure(file) == decode(file).shape[:2] == (30, 20)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_several_frames_the_first_is_used(format):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("black", "white")]
    options = {"lossless": True} if format == "WEBP" else {}

    file = encoded(frames[0], format, save_all=True, append_images=frames[1:], **options)
    array, kinds = decode_and_tell(file)

    assert (array == 0).all()
    assert "frames" in kinds


@pytest.mark.parametrize("format", ["BMP", "WEBP", "TIFF", "PNG"])
def test_lossless_formats_give_the_pixels_that_were_saved(format):
    options = {"lossless": True} if format == "WEBP" else {}

    assert np.array_equal(decode(encoded(photo(), format, **options)), np.asarray(photo()))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"<html>404</html>", "not an image in a format that can be read"),
        (bytes(range(256)), "not an image"),
        (encoded(photo(), "JPEG")[:-200], "damaged .*truncated"),
        (encoded(photo(), "PPM"), "not an image in a format"),
        (encoded(Image.new("F", (3, 2)), "TIFF"), "pixels of type 'F' have no known scale"),
        (encoded(Image.new("I", (3, 2)), "TIFF"), "pixels of type 'I' have no known scale"),
        (bomb(8000), "8000 x 8000 pixels; at most 50,000,000"),
        (bomb(10000), "10000 x 10000 pixels; at most 50,000,000"),
        (bomb(14000), "too many pixels"),
    ],
    ids=["empty", "html", "noise", "cut", "ppm", "float", "integer", "big", "bigger", "bomb"],
)
def test_what_cannot_be_read_is_refused_with_the_reason(data, reason):
    with pytest.raises(BadImages, match=reason):
        decode(data)


def test_a_png_with_a_flipped_bit_is_refused():
    data = bytearray(encoded(photo()))
    data[data.index(b"IDAT") + 200] ^= 1

    with pytest.raises(BadImages, match="damaged"):
        decode(bytes(data))


def test_a_gif_with_a_damaged_second_frame_still_gives_the_first():
    frames = [photo().quantize(64), photo().rotate(180).quantize(64)]
    whole = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])

    assert np.array_equal(decode(whole[:-20]), decode(whole))


def test_every_damaged_file_is_decoded_or_refused_with_bad_images():
    rng = np.random.default_rng(0)
    seeds = [encoded(photo(), format) for format in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")]
    outcomes = set()
    for data in seeds * 40:
        mutant = bytearray(data)
        for place in rng.integers(0, len(mutant), 4):
            mutant[place] = rng.integers(256)
        try:
            outcomes.add(decode(bytes(mutant)).dtype == np.uint8)
        except BadImages:
            outcomes.add("refused")

    assert outcomes == {True, "refused"}


def test_a_path_is_named_in_the_error(tmp_path: Path):
    (tmp_path / "cut.jpg").write_bytes(encoded(photo(), "JPEG")[:300])

    with pytest.raises(BadImages, match=r"cannot read .*cut\.jpg: damaged .*\.$"):
        decode(tmp_path / "cut.jpg")
