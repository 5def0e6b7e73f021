"""Which class channels prefer, in older atlases, too."""

from collections.abc import Mapping

import numpy as np

from convscope.atlas.read import Atlas
from convscope.atlas.selectivity import selectivity


def preference(atlas: Atlas, layer: str, some: slice = slice(None)) -> Mapping[str, np.ndarray]:
    """``best``, ``index``, ``low`` and ``high`` of ``some`` channels, as in ``atlas.selectivity``.

    The interval is NaN where the atlas was made before spreads were kept.
    """
    numbers, labels = atlas.numbers(layer), atlas.images.labels
    peak = numbers["class_peak"][some]
    spread = numbers["class_spread"][some] if "class_spread" in numbers else np.full_like(peak, np.nan)
    return selectivity(peak, spread, np.bincount(labels[labels >= 0], minlength=peak.shape[1]))
