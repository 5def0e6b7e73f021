"""Which frequencies a kernel passes, and which of them a stride folds onto others."""

import numpy as np

POINTS = 64  # of the spectrum along each edge: a multiple of twice every usual stride
NOISE = 1 - np.pi / 16  # of the energy of random numbers lies beyond a quarter cycle a pixel


def spectrum(weight: np.ndarray) -> np.ndarray:
    """Energy ``[C, POINTS, POINTS]`` of kernels ``[C, channels, h, w]`` by frequency, summed over input channels.

    The squared magnitude of the kernel's discrete Fourier transform, padded with zeros; each kernel's sums to 1.
    """
    size = max(POINTS, *weight.shape[2:])
    energy = (np.abs(np.fft.fft2(weight.astype(np.float64), (size, size))) ** 2).sum(axis=1)
    total = energy.sum(axis=(1, 2), keepdims=True)
    return energy / np.where(total > 0, total, 1)


def frequencies(points: int) -> tuple[np.ndarray, np.ndarray]:
    """(vertical, horizontal) cycles a pixel of the places of a spectrum, -0.5 to 0.5."""
    line = np.fft.fftfreq(points)
    return line[:, None], line[None, :]


def high_share(weight: np.ndarray) -> np.ndarray:
    """The share ``[C]`` of each kernel's energy beyond a quarter cycle a pixel: finer than 4 pixels a wave.

    ``NOISE`` on average for random numbers, nearly 1 for a chequerboard, little for a blur.
    """
    energy = spectrum(weight)
    down, right = frequencies(energy.shape[1])
    return (energy * (down**2 + right**2 > 1 / 16)).sum(axis=(1, 2))


def folded_share(weight: np.ndarray, stride: tuple[int, int]) -> np.ndarray:
    """The share ``[C]`` of each kernel's energy that its ``stride`` (down, across) cannot keep apart.

    Sampling every s pixels carries waves up to 1 / 2s cycles a pixel (Nyquist); what the kernel passes beyond
    folds onto slower waves: 0 at stride 1.
    """
    energy = spectrum(weight)
    kept = [
        np.abs(line) <= 0.5 / step
        for line, step in zip(frequencies(energy.shape[1]), stride, strict=True)
    ]  # fmt: skip
    return 1 - (energy * (kept[0] & kept[1])).sum(axis=(1, 2))
