"""Networks for tests of the exporter, written to a file as a user would have them."""

CODE = '''
import torch
from torch import nn


def small(num_classes=4):
    """Conv, BatchNorm, Relu, pooling, Linear on grey images of 6x6."""
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1, bias=False),
        nn.BatchNorm2d(3),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(3, num_classes),
    )


finished = small()
number = 5


class Function(nn.Module):
    """Applies ``self.function``, for which the name of the class's heirs speaks."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(6))

    def forward(self, x):
        return self.answer(x * self.weight)


class Pair(Function):
    def answer(self, x):
        return x, x


class Labels(Function):
    def answer(self, x):
        return x.flatten(1).argmax(1, keepdim=True)


class Whole(Function):
    def answer(self, x):
        return x.reshape(1, -1)


class Deciding(Function):
    def answer(self, x):
        return x.flatten(1) if x.sum() > 0 else -x.flatten(1)


class Exotic(Function):
    def answer(self, x):
        return torch.special.bessel_j0(x).flatten(1)


class Huge(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(2**29 + 1, device="meta"))

    def forward(self, x):
        return x.flatten(1)


class Noisy(Function):
    """Another answer each time: what parity must notice."""

    def answer(self, x):
        return x.flatten(1) * torch.rand(())


class Silent(Function):
    def answer(self, x):
        return x.flatten(1) * 0


def not_a_network():
    return "a string"
'''
