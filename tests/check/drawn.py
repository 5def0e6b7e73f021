"""Pictures that are drawn: many different ones with edges, colours and texture, as photos have them."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter


def drawn(seed: int, side: int = 96) -> Image.Image:
    """A scene of shapes on a gradient, other for each seed."""
    chance = np.random.default_rng(seed)
    across, down = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side))
    sky = [across * a + down * b + c for a, b, c in chance.uniform(-90, 90, (3, 3)) + np.array([0, 0, 120])]
    picture = Image.fromarray(np.clip(np.stack(sky, 2), 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for _ in range(14):
        x, y = chance.uniform(-0.1, 0.95, 2) * side
        width, height = chance.uniform(0.06, 0.4, 2) * side
        colour = tuple(int(level) for level in chance.integers(0, 256, 3))
        shape = pen.ellipse if chance.random() < 0.5 else pen.rectangle
        shape((x, y, x + width, y + height), fill=colour)
    return picture.filter(ImageFilter.GaussianBlur(0.6))
