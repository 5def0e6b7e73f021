"""Local response normalisation as AlexNet's authors wrote it."""

from torch import Tensor, nn
from torch.nn import functional


class ResponseNorm(nn.Module):
    """Each value divided by ``(k + alpha * sum of squares over maps)^beta``, the sum over ``maps`` neighbours.

    Krizhevsky, Sutskever & Hinton 2012, section 3.3, whose constants are the defaults. PyTorch's own layer
    takes the mean of the squares where the paper takes their sum.

    >>> ResponseNorm()(torch.ones(1, 1, 1, 1)).shape
    torch.Size([1, 1, 1, 1])
    """

    def __init__(self, maps: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0):
        super().__init__()
        self.maps, self.alpha, self.beta, self.k = maps, alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        return functional.local_response_norm(input, self.maps, self.alpha * self.maps, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"maps={self.maps}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
