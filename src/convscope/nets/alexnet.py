"""AlexNet as the paper has it, and what Zeiler and Fergus took out of it or widened.

Krizhevsky, Sutskever & Hinton 2012; the variants: Zeiler & Fergus, arXiv 1311.2901, table 3. Two groups
are the two GPUs. The text says 224 pixels, its sizes need 227. torchvision's ``alexnet`` is the one-GPU
network of 2014 (arXiv 1404.5997).
"""

from convscope.nets.net import Net

PAPER, ABLATIONS = "Krizhevsky et al. 2012", "Zeiler & Fergus 2013, table 3 (AlexNet)"
INPUT, CLASSES = (3, 227, 227), 1000
FIRST, MIDDLE, LAST = "96c11s4:valid lrn p3s2 256c5g2 lrn p3s2", "384c3 384c3g2", "256c3g2 p3s2"
FULLY_CONNECTED = "d0.5 fc4096"  # layers 6 and 7


def stack(*parts: str) -> Net:
    """The network of these parts."""
    return Net(ABLATIONS, INPUT, CLASSES, " ".join(parts))


NETS = {
    "alexnet-2012": Net(PAPER, INPUT, CLASSES, " ".join((FIRST, MIDDLE, LAST, *2 * (FULLY_CONNECTED,)))),
    "alexnet-2012-without-3-4": stack(FIRST, LAST, *2 * (FULLY_CONNECTED,)),
    "alexnet-2012-without-7": stack(FIRST, MIDDLE, LAST, FULLY_CONNECTED),
    "alexnet-2012-without-6-7": stack(FIRST, MIDDLE, LAST),
    "alexnet-2012-without-3-4-6-7": stack(FIRST, LAST),
    "alexnet-2012-fc2048": stack(FIRST, MIDDLE, LAST, "d0.5 fc2048 d0.5 fc2048"),
    "alexnet-2012-fc8192": stack(FIRST, MIDDLE, LAST, "d0.5 fc8192 d0.5 fc8192"),
}
