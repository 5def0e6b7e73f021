"""The same network with its pools replaced by stride: what pooling is compared with."""

from dataclasses import replace

from convscope.errors import BadSpec
from convscope.nets.spec import Block, Convolve, Pool, Spec


def without_pools(spec: Spec) -> Spec:
    """``spec`` with a strided convolution in place of every pooling, so that all sizes stay the same.

    It has the pool's window, stride and padding, as many filters as maps go in, a ReLU, and a batch norm
    where the convolution before has one: "All-CNN" of Springenberg et al. 2014, arXiv 1412.6806, section 2.
    The mean over whole maps, ``gap``, stays: no stride replaces it.
    Raises BadSpec where there is no pool, or one before any convolution.

    >>> from convscope.nets.spec import parse
    >>> str(without_pools(parse("32c5bn p2 64c3 p3s2 gap")))
    '32c5bn 32c2s2bn:valid 64c3 64c3s2:valid gap'
    """
    if not any(isinstance(block, Pool) for block in spec.blocks):
        raise BadSpec(f"the network {str(spec)!r} has no pools that stride could replace")
    before: Convolve | None = None
    blocks: list[Block] = []
    for block in spec.blocks:
        if isinstance(block, Convolve):
            before = block
        blocks.append(_strided(block, before) if isinstance(block, Pool) else block)
    return replace(spec, blocks=tuple(blocks))


def _strided(pool: Pool, before: Convolve | None) -> Convolve:
    if before is None:
        raise BadSpec(
            f"{str(pool)!r} comes before any convolution: how many filters should replace it is not known"
        )
    return Convolve(before.filters, pool.size, pool.stride, padding=pool.padding, norm=before.norm)
