"""An upscaler of ESRGAN's shape (RRDBNet, x2), small: 64 features, 32 growth, as the picture pack fixes them; names as it loads.

Shapes follow github.com/XPixelGroup/BasicSR.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FEATURES, GROWTH = 64, 32


def conv(i: int, o: int) -> nn.Conv2d:
    return nn.Conv2d(i, o, 3, padding=1)


class Dense(nn.Module):
    """Five convolutions, each of which sees all before it."""

    def __init__(self) -> None:
        super().__init__()
        for k in range(4):
            self.add_module(f"conv{k + 1}", conv(FEATURES + k * GROWTH, GROWTH))
        self.conv5 = conv(FEATURES + 4 * GROWTH, FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        seen = x
        for k in range(4):
            seen = torch.cat([seen, F.leaky_relu(getattr(self, f"conv{k + 1}")(seen), 0.2)], dim=1)
        return x + 0.2 * self.conv5(seen)


class RRDB(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = Dense(), Dense(), Dense()

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.2 * self.rdb3(self.rdb2(self.rdb1(x)))


class RRDBNet(nn.Module):
    """[n, 3, h, w] -> [n, 3, 2h, 2w], both in [0, 1]."""

    def __init__(self, blocks: int = 1) -> None:
        super().__init__()
        self.conv_first = conv(3, FEATURES)
        self.body = nn.ModuleList([RRDB() for _ in range(blocks)])
        self.conv_body = conv(FEATURES, FEATURES)
        self.conv_up1 = conv(FEATURES, FEATURES)
        self.conv_hr = conv(FEATURES, FEATURES)
        self.conv_last = conv(FEATURES, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_first(x)
        y = x
        for block in self.body:
            y = block(y)
        x = x + self.conv_body(y)
        x = F.leaky_relu(self.conv_up1(F.interpolate(x, scale_factor=2, mode="nearest")), 0.2)
        return self.conv_last(F.leaky_relu(self.conv_hr(x), 0.2))

    @torch.no_grad()
    def begin(self) -> "RRDBNet":
        """Sets the weights so that it begins by repeating every pixel, which leaves it only the fine structure to learn."""
        for layer in (self.conv_first, self.conv_up1, self.conv_hr):
            layer.weight[:3] = 0
            layer.bias[:3] = 0
            for i in range(3):
                layer.weight[i, i, 1, 1] = 1
        for layer in (self.conv_body, self.conv_last):
            layer.weight.zero_()
            layer.bias.zero_()
        for i in range(3):
            self.conv_last.weight[i, i, 1, 1] = 1
        return self
