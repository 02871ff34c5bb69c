"""The twin in PyTorch of the net for back-propagation by hand; needs the package ``torch``."""

# mypy: disallow-subclassing-any=False
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .hand_net import hand_net

try:
    import torch
    from torch import nn
except ImportError as error:
    raise ImportError("PyTorch is not installed: pip install torch.") from error

if TYPE_CHECKING:
    import numpy as np


class HandNet(nn.Module):
    """The twin of the net in :mod:`nndl.hand_net` for back-propagation by hand, 2 - 2 - 1.

    ``l1.weight`` is W1, shape (2, 2), ``l1.bias`` b1, (2,), ``l2.weight`` W2, (1, 2), and
    ``l2.bias`` b2, (1,); start values are the exercise's.

    Args:
        dtype: of the parameters; PyTorch's own default, float32, prints the exercise's digits.
    """

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.l1 = nn.Linear(2, 2, dtype=dtype)
        self.l2 = nn.Linear(2, 1, dtype=dtype)
        params, _, _ = hand_net()
        with torch.no_grad():
            for layer, number in ((self.l1, 1), (self.l2, 2)):
                layer.weight.copy_(torch.from_numpy(params[f"W{number}"]))
                layer.bias.copy_(torch.from_numpy(params[f"b{number}"]))

    def forward(self, x0: torch.Tensor) -> Any:
        """Return x2, shape (1,), for an input of shape (2,): two sigmoid layers."""
        return torch.sigmoid(self.l2(torch.sigmoid(self.l1(x0))))


def hand_gradients(net: HandNet) -> dict[str, np.ndarray]:
    """Return loss and gradients of the exercise as PyTorch derives them.

    The loss is half of ``nn.MSELoss``. That is a mean, where the exercise has a sum: they agree
    because the output has one element; with C elements the gradients would be C times smaller.

    Returns:
        ``loss``, shape (), and the gradients under W1, b1, W2 and b2.
    """
    _, *arrays = hand_net()
    x0, y = (torch.as_tensor(array, dtype=net.l1.weight.dtype) for array in arrays)
    loss = 0.5 * nn.MSELoss()(net(x0), y)
    parameters = (net.l1.weight, net.l1.bias, net.l2.weight, net.l2.bias)
    slopes = torch.autograd.grad(loss, parameters)
    found = zip(("loss", "W1", "b1", "W2", "b2"), (loss.detach(), *slopes), strict=True)
    return {name: value.numpy() for name, value in found}
