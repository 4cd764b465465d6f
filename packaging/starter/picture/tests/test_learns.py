"""The objective, the sampler and the text encoder belong together: after a short training, each caption draws its own picture."""

import torch

from starter import flow, stages
from starter.bundle import Bundle
from starter.dit import DiTConfig
from starter.text import TextConfig


def test_captions_draw_what_they_were_trained_with():
    torch.manual_seed(1)
    captions = torch.tensor([[5, 9, 1, 0], [5, 12, 1, 0], [3, 1, 0, 0]])  # the last one is the empty caption
    pictures = torch.randn(2, 16, 4, 4)
    bundle = Bundle.new(DiTConfig(width=128, doubles=1, singles=1, context=32), TextConfig(width=32, inner=32, hidden=64, layers=1))
    model = stages.Pair(bundle)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    g = torch.Generator().manual_seed(2)
    for step in range(250):
        which = torch.randint(2, (32,), generator=g)
        z, noise, t = pictures[which], torch.randn(32, 16, 4, 4, generator=g), stages.times(32, g, "cpu")
        ids = torch.where(torch.rand(32, 1, generator=g) < 0.1, captions[2], captions[which])
        at = t[:, None, None, None]
        loss = (model((1 - at) * z + at * noise, t, ids) - (noise - z)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 20)
        optimizer.step()
    with torch.no_grad():
        text, empty = model.text(captions[:2]), model.text(captions[2:])
        for cfg in (1.0, 2.0):
            drawn = flow.sample(model.dit, flow.start(7, 4, 4).expand(2, -1, -1, -1), text, flow.sigmas(8), empty, cfg)
            away = torch.tensor([[float((a - b).square().mean()) for b in pictures] for a in drawn])
            print(f"guidance {cfg}: squared distance to each picture {away.tolist()}, loss {float(loss):.3f}")
            assert away[0, 0] < 0.3 * away[0, 1]
            assert away[1, 1] < 0.3 * away[1, 0]
