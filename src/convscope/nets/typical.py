"""The network convscope trains when it is asked for none."""

SMALL, MEDIUM = 40, 80  # pixels of the shorter side


def typical(height: int, width: int, *, patient: bool = False) -> str:
    """A plain stack of convolution, ReLU and max-pool whose last maps see most of the image.

    ``patient`` is twice the work for small images: five convolutions instead of three, and dropout before the last layers.

    >>> typical(28, 28)
    '32c5bn p2 64c3bn p2 96c3bn p2 fc128'
    """
    side = min(height, width)
    if side < 16:
        return "32c3bn 64c3bn p2 fc128"
    if side <= SMALL:
        rest = "64c3bn 64c3bn p2 128c3bn 128c3bn p2 d0.3" if patient else "64c3bn p2 96c3bn p2"
        return f"32c5bn p2 {rest} fc128"
    if side <= MEDIUM:
        return "24c5s2bn p2 48c3bn 64c3bn p2 128c3bn p2 fc128"
    return "32c7s2bn p2 48c3bn p2 64c3bn p2 96c3bn p2 128c3bn p2 fc128"
