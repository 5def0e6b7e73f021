"""Networks: built from a spec, taken by name, or opened as they are.

A new named network is one line in ``NETS``.
"""

from convscope.nets.typical import typical

NETS: dict[str, str] = {
    # LeCun et al. 1998, as it is written today: dense C3, ReLU, maximum; 61,706 parameters at 28x28
    "lenet5": "6c5 p2 16c5:valid p2 fc120 fc84",
    # Nielsen, "Neural Networks and Deep Learning", chapter 6; 85,670 parameters at 28x28
    "nielsen": "20c5:valid p2 40c5:valid p2 fc100",
}

__all__ = ["NETS", "typical"]
