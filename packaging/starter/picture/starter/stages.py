"""What each training stage learns: its data, its loss, and the files it gives to the picture pack."""

import argparse
import functools
import itertools
import pathlib
import random

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import codes, files, flow, lora, words
from . import latents as kept
from .bundle import Bundle
from .dit import DiTConfig
from .judge import Judge, labels
from .tae import TAE, Affine
from .text import TOKENS, VOCABULARY, TextConfig
from .tokenizer import END, PAD, Tokenizer
from .train import Data, Stage, run
from .upscaler import RRDBNet


def start(args: argparse.Namespace, data: Data, receipt: dict) -> None:
    """Builds the stage and runs it."""
    if args.stage == "latents":
        return kept.build(args, data, loaded(TAE(), args.out / "tae.pt", args.device))
    make = {"tae": tae, "dit": still if args.scenes else dit, "distil": distil, "lora": adapter, "upscaler": upscaler, "judge": judge}[
        args.stage
    ]
    name = args.stage + (f"-{args.lora}" if args.stage == "lora" else "")
    stage, write = make(args, data)
    stage.rate = args.rate or stage.rate
    average = run(stage, name, args, receipt)
    write(average.state)


def picked(args: argparse.Namespace, data: Data, step: int, n: int) -> tuple[list[words.Scene], random.Random]:
    """Scenes of a step, of the wanted kinds only."""
    if not args.kinds:
        return data.scenes(step, n)
    kinds = set(args.kinds.split(","))
    scenes, r = data.scenes(step, n)
    while any(s.kind not in kinds for s in scenes):
        scenes = [s if s.kind in kinds else words.draw_scene(r, data.dyeable, data.archive.things) for s in scenes]
    return scenes, r


def painted(args: argparse.Namespace, data: Data, crops: int = 1):
    """A stage's prepare for pictures without captions: the plan of a step's scenes, one for so many crops of the batch."""
    return lambda step: data.painter.plan(picked(args, data, step, max(1, args.batch // crops))[0])


def captioned(args: argparse.Namespace, data: Data, tokenizer: Tokenizer, drop: float = 0.1):
    """A stage's prepare for pictures with captions: (plan, ids [n, tokens]); one caption in ten is left out."""

    def prepare(step: int):
        scenes, r = picked(args, data, step, args.batch)
        captions = ["" if r.random() < drop else words.caption(r, s, data.archive.things) for s in scenes]
        return data.painter.plan(scenes), torch.tensor([tokenizer.encode(c, args.tokens) for c in captions])

    return prepare


def loaded(module: nn.Module, path: pathlib.Path, device: str) -> nn.Module:
    """A module with a checkpoint's averaged weights, frozen."""
    if not path.is_file():
        raise SystemExit(f"{path.name} is missing: train that stage first")
    module.load_state_dict(torch.load(path, map_location=device, weights_only=True)["average"])
    return module.to(device, memory_format=layout(device)).eval().requires_grad_(False)


def layout(device: str) -> torch.memory_format:
    """The order in memory that convolutions are fastest with: channels last on a GPU."""
    return torch.channels_last if device == "cuda" else torch.preserve_format


def edges(x: Tensor) -> Tensor:
    """Differences of neighbours, down and across, flattened."""
    return torch.cat([(x[..., 1:, :] - x[..., :-1, :]).flatten(), (x[..., 1:] - x[..., :-1]).flatten()])


def tae(args: argparse.Namespace, data: Data):
    """Reconstruction in pixels and edges; latents are held to mean 0 and spread 1 per channel, and decoded through a little noise.

    With --principal the encoder stays what it is, and only the decoder learns.
    """
    model = TAE()
    if args.principal:  # the same again when it goes on
        model.principal(data.painter.paint(data.scenes(0, 96)[0], args.side))
        model.encoder.requires_grad_(False)
    model = model.to(args.device, memory_format=layout(args.device))
    forward = torch.compile(model.encoder.layers) if args.compile else model.encoder.layers
    if args.principal:
        forward = Affine(model).encode

    def loss(step: int, plan):
        g = data.generator(step)
        x = cropped(data.painter.paint(plan, args.side), args.crop, args.batch, g)
        z = forward(x)
        mean, spread = z.float().mean((0, 2, 3)), z.float().std((0, 2, 3))
        held = mean.square().mean() + (spread - 1).square().mean()
        amount = 0.15 * torch.rand(len(x), 1, 1, 1, generator=g, device=args.device)
        y = model.decode(z + amount * torch.randn(z.shape, generator=g, device=args.device)).float()
        pixels = (y - x).abs().mean() + 4 * (y - x).square().mean()
        total = pixels + 0.5 * (edges(y) - edges(x)).abs().mean() + 0.05 * held
        return total, {"loss": total.detach(), "error": (y.clamp(0, 1) - x).abs().mean().detach() * 255, "spread": spread.mean().detach()}

    def write(average: dict[str, Tensor]) -> None:
        files.write_safetensors(args.out / "loam-starter-tae.f16.safetensors", files.arrays(average))

    def show(weights: dict[str, Tensor], path: pathlib.Path) -> None:
        model = TAE()
        model.load_state_dict(weights)
        x = data.painter.paint(data.scenes(0, 8, held=True)[0], args.side)
        with torch.no_grad():
            kept.sheet(torch.cat([x, model.decode(model.encode(x))]), path, 8 * ["painted"] + 8 * ["decoded"])

    return Stage(model, painted(args, data, args.crops), loss, 1e-3, show=show), write


def cropped(x: Tensor, side: int, n: int, g: torch.Generator) -> Tensor:
    """n crops of so many pixels from the pictures, which are painted at a multiple of 8; with side 0 the pictures themselves."""
    if not side:
        return x
    most = (x.shape[-1] - side) // 8 + 1
    at = 8 * torch.randint(most, (n, 2), generator=g, device=x.device)
    return torch.stack([x[i % len(x), :, a : a + side, b : b + side] for i, (a, b) in enumerate(at.tolist())])


class Pair(nn.Module):
    """Transformer and text encoder, trained as one."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        self.dit, self.text = bundle.dit, bundle.text
        self.register_buffer("said", torch.zeros(VOCABULARY))  # which tokens training has said, where that is kept count of

    def forward(self, x: Tensor, t: Tensor, ids: Tensor, fold: bool = False) -> Tensor:
        return self.dit(x, t, self.text(ids, fold), TOKENS - ids.shape[1] + 1 if fold else 1)


def fresh(args: argparse.Namespace) -> Bundle:
    """An untrained bundle of the size the command line names."""
    text = TextConfig(width=args.context, inner=64, heads=1, hidden=3 * args.context, layers=args.layers)
    return Bundle.new(DiTConfig(args.width, args.doubles, args.singles, args.context), text)


def ids_of(args: argparse.Namespace, tokenizer: Tokenizer, captions: list[str]) -> Tensor:
    """[n, tokens] on the training device."""
    return torch.tensor([tokenizer.encode(c, args.tokens) for c in captions]).to(args.device, non_blocking=True)


def times(n: int, g: torch.Generator, device: str) -> Tensor:
    """[n] in (0, 1): logit-normal, moved towards noise, since the pack's list of sigmas is."""
    return torch.sigmoid(0.5 + torch.randn(n, generator=g, device=device))


def batch_of(args: argparse.Namespace, data: Data, coder: TAE, step: int, ready):
    """Latents, noise, captions' ids and the generator of a step."""
    plan, ids = ready
    g = data.generator(step)
    with torch.no_grad():
        z = coder.encode(data.painter.paint(plan, args.side)).float()
    return z, torch.randn(z.shape, generator=g, device=args.device), ids.to(args.device, non_blocking=True), g


def dit(args: argparse.Namespace, data: Data):
    """Rectified flow: the model says noise - picture at a point between the two; one caption in ten is left out."""
    coder = loaded(TAE(), args.out / "tae.pt", args.device)
    tokenizer = Tokenizer(data.archive.vocabulary)
    bundle = fresh(args)
    model = Pair(bundle).to(args.device)
    forward = torch.compile(model) if args.compile else model

    def loss(step: int, ready):
        z, noise, ids, g = batch_of(args, data, coder, step, ready)
        t = times(len(z), g, args.device)
        at = t[:, None, None, None]
        v = forward((1 - at) * z + at * noise, t, ids).float()
        error = (v - (noise - z)).square().mean()
        return error, {"loss": error.detach()}

    def write(average: dict[str, Tensor]) -> None:
        write_bundle(args, average)

    return Stage(model, captioned(args, data, tokenizer), loss, 1e-3, decay=0.9995, config=vars_of(args)), write


def vars_of(args: argparse.Namespace) -> dict:
    return {k: getattr(args, k) for k in ("width", "doubles", "singles", "context", "layers", "side", "tokens")}


def write_bundle(args: argparse.Namespace, average: dict[str, Tensor]) -> None:
    """The three files of the picture model, from averaged weights and the trained autoencoder."""
    bundle = fresh(args)
    Pair(bundle).load_state_dict(silenced(average))
    bundle.tae = loaded(TAE(), args.out / "tae.pt", "cpu")
    for quantized in (True, False):
        bundle.write(args.out / ("q8_0" if quantized else "f16"), quantized)


def silenced(average: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tokens that training never said read as padding does, which it has learnt to pass over, rather than as they happened to start."""
    said, words_ = average["said"] > 0, average["text.shared.weight"]
    return {**average, "text.shared.weight": torch.where(said[:, None], words_, words_[0])} if said.any() else average


def times_still(n: int, g: torch.Generator) -> Tensor:
    """[n] in (0, 1]: half of them 1, where a settled picture is decided at once; the rest even, then shifted as the pack's are."""
    t = torch.rand(n, generator=g).clamp(min=0.02)
    return torch.where(torch.rand(n, generator=g) < 0.5, 1.0, torch.e / (torch.e + 1 / t - 1))


def still(args: argparse.Namespace, data: Data):
    """The flow on kept latents of settled scenes: a caption has one picture, so there is nothing to average, guide or distil."""
    coder = loaded(TAE(), args.out / "tae.pt", args.device)
    latents = kept.Latents(args, data, coder)
    if not latents.done:
        raise SystemExit("latents.f16 is missing: run the stage latents first")
    weights = latents.weights().view(1, -1, 1, 1)
    tokenizer = Tokenizer(data.archive.vocabulary)
    bundle = fresh(args)
    bundle.dit.pass_through()
    torch.nn.init.normal_(bundle.text.shared.weight, std=codes.SPREAD)
    if latents.done >= latents.plain:
        codes.spell(bundle.text.shared.weight, codes.looks(latents, weights, args.context), tokenizer, data.archive.things)
    model = Pair(bundle)
    forward = torch.compile(model, dynamic=False) if args.compile else model
    several = {i for some in latents.several for i in some}
    single = several.union(latents.dyed, latents.pairs)
    kinds = {
        "plain": [i for i in range(latents.done) if i < latents.plain],
        "several": sorted(several),
        "dyed": latents.dyed,
        "pairs": latents.pairs,
        "scenes": [i for i in range(latents.plain, latents.done) if i not in single],
    }
    kind_of = {i: name for name, which in kinds.items() for i in which}
    spreads = {name: latents.spread(weights, which) for name, which in kinds.items()}
    captions: dict[str, list[int]] = {}

    def prepare(step: int):
        r = random.Random(f"{args.seed} still {step}")
        which = latents.choose(r, args.batch, args.plain, args.several, args.dyed, args.pairs)
        said = [words.caption(r, latents.scenes[i], data.archive.things, sure=True) for i in which]
        rows = [kept.silent(r, captions.setdefault(c, tokenizer.pieces(c))) for c in said]
        n = min(TOKENS, max(map(len, rows)) + 2) if args.tokens < TOKENS else TOKENS  # the end mark, and padding that stands for the rest
        if args.compile and args.tokens < TOKENS:  # always the same number: what does not fit is worded again
            n = args.tokens
            for at, i in enumerate(which):
                while len(rows[at]) > n - 2:
                    rows[at] = tokenizer.pieces(words.caption(r, latents.scenes[i], data.archive.things, sure=True))
        return which, torch.tensor([[*row, END, *[PAD] * (n - 1 - len(row))] for row in rows])

    def loss(step: int, ready):
        which, ids = ready
        model.said[ids.flatten()] = 1
        g = data.generator(step)
        z = latents.take(which)
        noise, t = torch.randn(z.shape, generator=g), times_still(len(z), g)
        at = t[:, None, None, None]
        error = (forward((1 - at) * z + at * noise, t, ids, fold=True).float() - (noise - z)).square() * weights
        each = error.mean((1, 2, 3)) * (t / 0.4).clamp(max=1).square()
        # Of the error from pure noise, by kind: 1 = no better than the mean of all of the kind.
        parts = {"loss": each.mean().detach()}
        for name, by in spreads.items():
            some = torch.tensor([kind_of[i] == name for i in which]) & (t == 1)
            if some.any():
                parts[name] = each[some].mean().detach() / by
        return each.mean(), parts

    def show(average: dict[str, Tensor], path: pathlib.Path) -> None:
        """Plain things, then scenes of the held-out split: of two colours, of two things, any; four steps, with all 256 tokens."""
        bundle = fresh(args)
        Pair(bundle).load_state_dict(silenced(average))
        bundle.tae = coder
        r = random.Random("sheet")
        scenes = [latents.scenes[i] for i in latents.choose(r, 8, 1.0)]
        for draw in (words.two_colours, words.two_things, words.choose):
            drawn = functools.partial(draw, r, data.dyeable)
            scenes += [words.settled(words.split(drawn, data.archive.things, held=True)) for _ in range(12 if draw != words.choose else 8)]
        said = [words.caption(r, s, data.archive.things, sure=True) for s in scenes]
        with torch.no_grad():
            kept.sheet(torch.stack([bundle.draw(tokenizer, c, args.side, args.side, 1, 4) for c in said]), path, said)

    def write(average: dict[str, Tensor]) -> None:
        write_bundle(args, average)

    return Stage(model, prepare, loss, 1e-3, decay=0.998, config=vars_of(args), show=show), write


def distil(args: argparse.Namespace, data: Data):
    """Few steps, guidance inside: one step of the student is several guided steps of the teacher between two of the pack's sigmas."""
    coder = loaded(TAE(), args.out / "tae.pt", args.device)
    tokenizer = Tokenizer(data.archive.vocabulary)
    teacher = loaded(Pair(fresh(args)), args.out / "dit.pt", args.device)
    student = Pair(fresh(args)).to(args.device)
    student.load_state_dict(teacher.state_dict())
    # What a step goes from and to, of every number of steps: the program's Draft, Good and Best take 4, 8 and 12.
    leaps = torch.tensor(
        [pair for n in args.student_steps.split(",") for pair in itertools.pairwise(flow.sigmas(int(n)))], device=args.device
    )
    empty = ids_of(args, tokenizer, [""])
    forward = torch.compile(student) if args.compile else student

    def loss(step: int, ready):
        z, noise, ids, g = batch_of(args, data, coder, step, ready)
        begin, end = leaps[torch.randint(len(leaps), (len(z),), generator=g, device=args.device)].unbind(1)
        wide = lambda a: a[:, None, None, None]  # noqa: E731
        x = start_x = (1 - wide(begin)) * z + wide(begin) * noise
        count = args.teacher_steps
        # A dropped caption keeps the teacher's plain answer, so that guidance on top still means something.
        strength = wide(torch.where((ids == empty).all(1), 1.0, args.cfg))
        with torch.no_grad():
            text, without = teacher.text(ids), teacher.text(empty)
            for k in range(count):
                now, after = begin + (end - begin) * k / count, begin + (end - begin) * (k + 1) / count
                a, b = teacher.dit(x, now, text), teacher.dit(x, now, without.expand_as(text))
                x = x + wide(after - now) * (b + strength * (a - b)).float()
        target = (x - start_x) / wide(end - begin)
        error = (forward(start_x, begin, ids).float() - target).square().mean()
        return error, {"loss": error.detach()}

    def write(average: dict[str, Tensor]) -> None:
        write_bundle(args, average)

    return Stage(student, captioned(args, data, tokenizer), loss, 3e-4, decay=0.999, config=vars_of(args)), write


def adapter(args: argparse.Namespace, data: Data):
    """A LoRA on the finished model; see lora.PICTURES for what each of them shows."""
    if args.lora not in lora.PICTURES:
        raise SystemExit(f"--lora has to be one of {', '.join(lora.PICTURES)}")
    coder = loaded(TAE(), args.out / "tae.pt", args.device)
    tokenizer = Tokenizer(data.archive.vocabulary)
    base = args.out / ("distil.pt" if (args.out / "distil.pt").is_file() else "dit.pt")
    model = loaded(Pair(fresh(args)), base, args.device)
    model.load_state_dict(silenced(model.state_dict()))  # as it ships
    added = lora.attach(model.dit).to(args.device)
    fold = data.settled and args.tokens < TOKENS

    def loss(step: int, _):
        _, r = data.scenes(step, 0)
        g = data.generator(step)
        with torch.no_grad():
            pictures, captions = lora.PICTURES[args.lora](r, data, args.batch, args.side)
            z = coder.encode(pictures).float()
            text = model.text(ids_of(args, tokenizer, captions), fold)
        noise = torch.randn(z.shape, generator=g, device=args.device)
        t = times_still(len(z), g) if data.settled else times(len(z), g, args.device)
        at = t[:, None, None, None]
        v = model.dit((1 - at) * z + at * noise, t, text, TOKENS - args.tokens + 1 if fold else 1)
        error = (v.float() - (noise - z)).square().mean()
        return error, {"loss": error.detach()}

    def write(average: dict[str, Tensor]) -> None:
        added.load_state_dict(average)
        files.write_safetensors(args.out / f"loam-starter-{args.lora}.lora.safetensors", lora.tensors(added), lora.metadata(args.lora))

    return Stage(added, lambda step: 0, loss, 1e-3, decay=0.99, weight_decay=0.0), write


def upscaler(args: argparse.Namespace, data: Data):
    """Twice the size: a scene painted at twice the side, from its average."""
    model = RRDBNet().begin().to(args.device, memory_format=layout(args.device))

    def loss(step: int, plan):
        high = cropped(data.painter.paint(plan, args.side), args.crop, args.batch, data.generator(step))
        low = F.avg_pool2d(high, 2)
        y = model(low).float()
        error = (y - high).abs().mean() + 0.5 * (edges(y) - edges(high)).abs().mean()
        return error, {"loss": error.detach(), "error": (y.clamp(0, 1) - high).abs().mean().detach() * 255}

    def write(average: dict[str, Tensor]) -> None:
        files.write_safetensors(
            args.out / "loam-starter-x2.esrgan.safetensors", files.arrays(average), files.titled("Loam starter, upscaler x2")
        )

    return Stage(model, painted(args, data, args.crops), loss, 5e-4), write


def judge(args: argparse.Namespace, data: Data):
    """The classifier that evaluates pictures: which thing, how many, which dye. It also sees blurred and noisy pictures."""
    model = Judge(len(data.archive.things)).to(args.device, memory_format=layout(args.device))

    def prepare(step: int):
        scenes, r = data.scenes(step, args.batch)
        if data.settled:
            scenes = [words.stirred(r, words.settled(s)) for s in scenes]
        return data.painter.plan(scenes), labels(scenes, data.painter.dye_names, "cpu", len(data.archive.things))

    def loss(step: int, ready):
        plan, wanted = ready[0], [w.to(args.device) for w in ready[1]]
        g = data.generator(step)
        x = data.painter.paint(plan, args.side)
        x = x + 0.05 * torch.rand(len(x), 1, 1, 1, generator=g, device=args.device) * torch.randn(x.shape, generator=g, device=args.device)
        if step % 2:
            x = F.avg_pool2d(x, 3, 1, 1)
        total, parts = model.loss(x, *wanted)
        return total, parts

    def write(average: dict[str, Tensor]) -> None:
        torch.save(
            {"things": [t.word for t in data.archive.things], "settled": data.settled, "weights": average}, args.out / "judge-final.pt"
        )

    return Stage(model, prepare, loss, 1e-3), write
