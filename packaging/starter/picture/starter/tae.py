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
SQUASHED = 3  # the most that a latent can say to the decoder


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

    @torch.no_grad()
    def principal(self, pictures: Tensor) -> None:
        """Makes the encoder the 16 principal components of 8 x 8 pixels, and lets the decoder start from what can be read of them.

        Components have spread 1, less where rare large values would be squashed. Pixels pass as they are, two by two side by side in
        channels (they are never negative, so the ReLUs let them through), then 48 components, raised above nothing with the help of
        a channel that is always 1.
        """
        layers, one = self.encoder.layers, WIDTH - 1
        for block in layers:
            if isinstance(block, Block):
                nn.init.zeros_(block.conv[4].weight)
                nn.init.zeros_(block.conv[4].bias)
        layers[0].weight[:3] = layers[0].weight[one] = 0
        for c in range(3):
            layers[0].weight[c, c, 1, 1] = 1
        layers[0].bias[one] = 1
        for at, wide in ((2, 3), (6, 12)):
            w = layers[at].weight
            w[: 4 * wide] = w[one] = 0
            for k in range(4):
                for c in range(wide):
                    w[k * wide + c, c, 1 + k // 2, 1 + k % 2] = 1
            w[one, one, 1, 1] = 1
        cells = layers[:10](pictures)[:, :48]  # [n, 48, h/4, w/4]
        n, _, h, w = cells.shape
        cells = cells.reshape(n, 48, h // 2, 2, w // 2, 2).permute(0, 2, 4, 3, 5, 1).reshape(-1, 192)
        middle = cells.mean(0)
        axes = torch.linalg.eigh((cells - middle).T @ (cells - middle) / len(cells)).eigenvectors.flip(1)[:, :48]  # the largest first
        values = cells @ axes
        out = layers[10].weight
        out[:48] = out[one] = 0
        out[:48, :48, 1:, 1:] = axes.T.reshape(48, 2, 2, 48).permute(0, 3, 1, 2)
        raised = (-values.amin(0)).clamp(min=0) + 0.1
        out[:48, one, 1, 1] = raised
        out[one, one, 1, 1] = 1
        last = layers[14]
        nn.init.zeros_(last.weight)
        for c in range(LATENT):
            about = values[:, c] - values[:, c].mean()
            spread = max(about.std(), about.abs().quantile(0.998) / SQUASHED).clamp(min=1e-3)
            last.weight[c, c, 1, 1] = 1 / spread
            last.bias[c] = -(raised[c] + values[:, c].mean()) / spread
        self.mirror(pictures)

    @torch.no_grad()
    def mirror(self, pictures: Tensor) -> None:
        """Lets latents and their negatives through the decoder beside its random mixtures; the last layer reads off what it can.

        From scratch the decoder's 64 channels soon say one and the same; from here its first pictures have all colours.
        """
        layers = self.decoder.layers
        for layer in layers:
            if isinstance(layer, Block):
                nn.init.zeros_(layer.conv[4].weight)
        layers[0].weight[: 2 * LATENT] = 0
        for c in range(LATENT):
            layers[0].weight[c, c, 1, 1] = 1
            layers[0].weight[LATENT + c, c, 1, 1] = -1
        for at in (6, 11, 16):
            layers[at].weight[: 2 * LATENT] = 0
            for c in range(2 * LATENT):
                layers[at].weight[c, c, 1, 1] = 1
        some = pictures[:24]
        last = layers[18]
        seen = layers[:18](squashed(self.encode(some)))
        rows = F.unfold(seen, 3, padding=1).transpose(1, 2).flatten(0, 1)[::5]
        rows = torch.cat([rows, torch.ones(len(rows), 1)], dim=1)
        wanted = some.permute(0, 2, 3, 1).reshape(-1, 3)[::5]
        square = rows.T @ rows
        square.diagonal().add_(1e-3 * square.diagonal().mean())
        read = torch.linalg.solve(square, rows.T @ wanted)
        last.weight.copy_(read[:-1].T.view_as(last.weight))
        last.bias.copy_(read[-1])

    def encode(self, pictures: Tensor) -> Tensor:
        """[n, 3, h, w] in [0, 1] -> [n, 16, h/8, w/8]."""
        return self.encoder.layers(pictures)

    def decode(self, latents: Tensor) -> Tensor:
        """[n, 16, h, w] -> [n, 3, 8h, 8w]; clamp it to [0, 1] to look at it."""
        return self.decoder.layers(squashed(latents))


def squashed(latents: Tensor) -> Tensor:
    return torch.tanh(latents / SQUASHED) * SQUASHED


class Affine:
    """What an encoder of principal components does, as one matrix, which costs far less. It is found by trying every pixel."""

    @torch.no_grad()
    def __init__(self, model: TAE) -> None:
        tries = torch.cat([torch.zeros(1, 3, DOWN, DOWN), torch.eye(3 * DOWN * DOWN).view(-1, 3, DOWN, DOWN)])
        seen = model.encode(tries).flatten(1)
        self.bias, self.matrix = seen[0], (seen[1:] - seen[0]).T.reshape(LATENT, 3, DOWN, DOWN)

    def encode(self, pictures: Tensor) -> Tensor:
        """[n, 3, h, w] in [0, 1] -> [n, 16, h/8, w/8]."""
        return F.conv2d(pictures, self.matrix, self.bias, stride=DOWN)
