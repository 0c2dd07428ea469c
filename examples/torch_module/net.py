"""The network whose weights train.py saves. `foreseen serve weights.pt --code net.py` makes it again from here."""

import torch
from torch import nn


class Flowers(nn.Module):
    """Four measurements of a flower to the probabilities of three species."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))

    def forward(self, flowers: torch.Tensor) -> torch.Tensor:
        """Return the probabilities of n flowers, of shape (n, 3)."""
        return self.layers(flowers).softmax(dim=1)
