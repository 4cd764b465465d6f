"""The autoencoder: TAESD's shape with 16 latent channels, names and layer numbers as the picture pack loads them.

Latents are an eighth of the picture's side. The pack neither scales nor shifts them, so training has to keep them near a standard
normal spread itself. Its decoder squashes latents with 3 tanh(z / 3) first; pictures are in [0, 1].
Shapes follow github.com/madebyollin/taesd.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH = 64  # fixed in the pack
LATENT = 16
DOWN = 8


class Block(nn.Module):
    """Three convolutions with an identity skip: [n, 64, h, w] -> the same."""

    def __init__(self) -> None:
        super().__init__()
        conv = lambda: nn.Conv2d(WIDTH, WIDTH, 3, padding=1)  # noqa: E731
        self.conv = nn.Sequential(conv(), nn.ReLU(), conv(), nn.ReLU(), conv())

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv(x) + x)


def encoder_layers() -> nn.Sequential:
    """Layers 0..14: [n, 3, h, w] in [0, 1] -> [n, 16, h/8, w/8]."""
    layers: list[nn.Module] = [nn.Conv2d(3, WIDTH, 3, padding=1), Block()]
    for _ in range(3):
        layers += [nn.Conv2d(WIDTH, WIDTH, 3, stride=2, padding=1, bias=False), Block(), Block(), Block()]
    return nn.Sequential(*layers, nn.Conv2d(WIDTH, LATENT, 3, padding=1))


def decoder_layers() -> nn.Sequential:
    """Layers 0..18: [n, 16, h, w] -> [n, 3, 8h, 8w]; 1, 5, 10 and 15 carry no weights."""
    layers: list[nn.Module] = [nn.Conv2d(LATENT, WIDTH, 3, padding=1), nn.ReLU()]
    for _ in range(3):
        layers += [Block(), Block(), Block(), nn.Upsample(scale_factor=2), nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False)]
    return nn.Sequential(*layers, Block(), nn.Conv2d(WIDTH, 3, 3, padding=1))


class TAE(nn.Module):
    """Encoder and decoder; state_dict() has exactly the pack's tensor names."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Module()
        self.decoder = nn.Module()
        self.encoder.layers = encoder_layers()
        self.decoder.layers = decoder_layers()
        self.reset()

    @torch.no_grad()
    def reset(self) -> None:
        """Keeps the spread of what passes through, starts every block near the identity, and the picture at grey."""
        for name, p in self.named_parameters():
            if p.dim() == 4:
                nn.init.kaiming_normal_(p, nonlinearity="relu")
                p.mul_(0.2 if name.endswith("conv.4.weight") else 1)
            else:
                nn.init.zeros_(p)
        self.encoder.layers[14].weight.mul_(0.7)
        self.decoder.layers[18].weight.mul_(0.2)
        self.decoder.layers[18].bias.fill_(0.5)

    def encode(self, pictures: Tensor) -> Tensor:
        """[n, 3, h, w] in [0, 1] -> [n, 16, h/8, w/8]."""
        return self.encoder.layers(pictures)

    def decode(self, latents: Tensor) -> Tensor:
        """[n, 16, h, w] -> [n, 3, 8h, 8w]; clamp it to [0, 1] to look at it."""
        return self.decoder.layers(torch.tanh(latents / 3) * 3)
