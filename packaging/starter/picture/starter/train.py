"""Training, one stage at a time, each within a budget of minutes, resumable, with a receipt.

usage: python -m starter.train STAGE --data sprites.npz --out FOLDER --minutes N [--resume] [...]

Stages: tae (autoencoder, first), dit (transformer and text encoder together), distil (few steps, guidance inside), lora (one of
LORAS), upscaler (ESRGAN x2), judge (the classifier that evaluates). Every stage writes FOLDER/STAGE.pt (weights, their running
average, optimizer, step) and FOLDER/STAGE.json (receipt) now and then and at the end, never half a file. A stage that finds
FOLDER/STAGE.pt and is told --resume goes on from there with the same random numbers as if it had not stopped.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import itertools
import json
import os
import pathlib
import random
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from torch import nn

from . import sprites
from .muon import Muon
from .scenes import Painter, dyeable
from .words import Scene, draw_scene


def commit() -> str:
    """The source's commit, or what the environment says where there is no git."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        return subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    return os.environ.get("STARTER_COMMIT", "unknown")


class Average:
    """A running average of weights: what is exported."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {k: v.detach().float().clone() for k, v in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        for k, v in module.state_dict().items():
            self.state[k].lerp_(v.float(), 1 - decay)


class Data:
    """Endless batches of scenes; step n of a stage is the same on every machine."""

    def __init__(self, archive: sprites.Archive, device: str, seed: int, settled: bool = False) -> None:
        self.settled = settled  # whether the picture model knows settled scenes only
        self.archive, self.device, self.seed = archive, device, seed
        self.painter = Painter(archive, device)
        self.dyeable = dyeable(archive)

    def scenes(self, step: int, n: int, held: bool = False) -> tuple[list[Scene], random.Random]:
        r = random.Random(f"{self.seed} {step} {held}")
        return [draw_scene(r, self.dyeable, self.archive.things, held) for _ in range(n)], r

    def generator(self, step: int) -> torch.Generator:
        return torch.Generator(self.device).manual_seed(self.seed * 1_000_003 + step)


@dataclasses.dataclass
class Stage:
    """What a stage gives the loop: the module whose weights learn, its loss at a step, and how to step."""

    module: nn.Module
    prepare: Callable[[int], object]  # step -> what the host makes of it: scenes, captions; runs in worker processes
    loss: Callable[[int, object], tuple]  # step and what was prepared -> the loss, and numbers to print by name
    rate: float
    decay: float = 0.999
    weight_decay: float = 0.01
    config: dict = dataclasses.field(default_factory=dict)
    show: Callable[[dict, pathlib.Path], None] | None = None  # averaged weights, a PNG to write: what a person looks at meanwhile


class Steps(torch.utils.data.Dataset):
    """A stage's prepared steps, by number, for the worker processes."""

    def __init__(self, prepare: Callable[[int], object]) -> None:
        self.prepare = prepare

    def __len__(self) -> int:
        return 1 << 40

    def __getitem__(self, step: int) -> object:
        return self.prepare(step)


def prepared(stage: Stage, first: int, workers: int):
    """Yields what stage.prepare makes of first, first + 1, ...; ahead of time when there are workers."""
    steps = itertools.count(first)
    if not workers:
        yield from map(stage.prepare, steps)
    yield from torch.utils.data.DataLoader(Steps(stage.prepare), batch_size=None, sampler=steps, num_workers=workers, prefetch_factor=4)


def optimizer_of(stage: Stage, kind: str, half: bool = False) -> torch.optim.Optimizer:
    """Matrices decay, biases, norms and embeddings do not. Muon is for the matrices inside, not for those at the ends."""
    plain = [p for n, p in stage.module.named_parameters() if p.requires_grad and (p.dim() < 2 or "shared" in n)]
    matrices = [p for n, p in stage.module.named_parameters() if p.requires_grad and not (p.dim() < 2 or "shared" in n)]
    groups = [{"params": matrices, "weight_decay": stage.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    if kind == "muon":
        ends = {id(p) for n, p in stage.module.named_parameters() if any(e in n for e in ENDS)}
        inside = [p for p in matrices if id(p) not in ends]
        groups[0]["params"] = [p for p in matrices if id(p) in ends]
        return Muon([{"params": inside, "weight_decay": stage.weight_decay, "muon": True}, *groups], stage.rate, half=half)
    return torch.optim.AdamW(groups, lr=stage.rate, betas=(0.9, 0.99), fused=next(stage.module.parameters()).is_cuda)


ENDS = (
    "img_in", "txt_in", "time_in", "vector_in", "final_layer", "relative_attention_bias", "layers.0.weight", "layers.18", "conv_last",
    "mod.lin", "modulation.lin",  # these only see the time
)  # fmt: skip


EARLY = 3  # exit status: stopped for the clock, to be started again


def write_whole(path: pathlib.Path, write) -> None:
    new = path.with_suffix(path.suffix + ".new")
    write(new)
    new.replace(path)


def run(stage: Stage, name: str, args: argparse.Namespace, receipt: dict) -> Average:
    """The loop: warm-up, a constant rate, a fall to nothing over the last fifth of the budget; saves every --save seconds."""
    began = time.monotonic()
    optimizer = optimizer_of(stage, args.optimizer, args.half)
    average = Average(stage.module, stage.decay)
    step, spent = 0, 0.0
    file = args.out / f"{name}.pt"
    if args.resume and file.is_file():
        kept = torch.load(file, map_location=args.device, weights_only=True)
        stage.module.load_state_dict(kept["weights"])
        if "optimizer" in kept:  # not after starter.adopt
            optimizer.load_state_dict(kept["optimizer"])
        average.state, step, spent = kept["average"], kept["step"], kept["seconds"]
        print(f"{name}: goes on at step {step}, {spent:.0f} s spent", flush=True)
    losses: list[list[float]] = receipt.setdefault("losses", [])
    amp = torch.autocast(args.device, torch.bfloat16) if args.device == "cuda" or args.half else contextlib.nullcontext()
    last_save, recent = time.monotonic(), {}

    def save() -> None:
        seconds = spent + time.monotonic() - began
        receipt.update(stage=name, steps=step, seconds=round(seconds, 1), config=stage.config, seed=args.seed, batch=args.batch)
        kept = {
            "weights": stage.module.state_dict(),
            "average": average.state,
            "optimizer": optimizer.state_dict(),
            "step": step,
            "seconds": seconds,
        }
        write_whole(file, lambda p: torch.save(kept, p))
        write_whole(args.out / f"{name}.json", lambda p: p.write_text(json.dumps(receipt, indent=1)))

    def show() -> None:
        if stage.show and args.sheets:
            stage.show(average.state, args.out / f"{name}.png")

    feed = prepared(stage, step, args.workers)
    last_sheet = time.monotonic()
    while not args.steps or step < args.steps:
        minute = (spent + time.monotonic() - began) / 60
        if minute >= min(args.minutes, args.until or args.minutes):
            break
        if args.ends and time.time() >= args.ends:
            save()
            show()
            print(f"{name}: stopped at step {step} for the clock, {60 * minute:.0f} s spent", flush=True)
            sys.exit(EARLY)
        done = max(minute / args.minutes, step / args.steps if args.steps else 0)
        rate = stage.rate * min(1, (step + 1) / args.warmup) * min(1, max(0.02, (1 - done) / args.fall))
        for group in optimizer.param_groups:
            group["lr"] = rate
        ready = next(feed)
        with amp:
            loss, parts = stage.loss(step, ready)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(stage.module.parameters(), 1.0)
        optimizer.step()
        step += 1
        average.update(stage.module, step)
        for k, v in parts.items():
            recent[k] = 0.98 * recent.get(k, v) + 0.02 * v  # tensors, read only now and then
        if step % args.say == 0:
            numbers = {k: float(v) for k, v in recent.items()}
            if not all(abs(v) < 1e6 for v in numbers.values()):
                sys.exit(f"{name}: the loss is not a number any more at step {step}")
            losses.append([step, round(numbers.get("loss", 0), 5)])
            print(
                f"{name} {step} {time.monotonic() - began + spent:.0f} s " + " ".join(f"{k} {v:.4f}" for k, v in numbers.items()),
                flush=True,
            )
        if time.monotonic() - last_save > args.save:
            save()
            last_save = time.monotonic()
        if args.sheets and time.monotonic() - last_sheet > args.sheets:
            show()
            last_sheet = time.monotonic()
    save()
    show()
    return average


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    p = argparse.ArgumentParser(prog="starter.train")
    p.add_argument("stage", choices=("tae", "latents", "dit", "distil", "lora", "upscaler", "judge"))
    p.add_argument("--data", type=pathlib.Path, required=True, help="sprites.npz")
    p.add_argument("--out", type=pathlib.Path, required=True, help="folder for checkpoints and receipts")
    p.add_argument("--minutes", type=float, required=True, help="budget of the whole stage, earlier runs included")
    p.add_argument("--until", type=float, default=0, help="stop at this minute of the budget, to go on later, perhaps at another size")
    p.add_argument("--steps", type=int, default=0, help="at most so many steps (0: only the budget counts)")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--side", type=int, default=128, help="pixels of a picture")
    p.add_argument("--tokens", type=int, default=256, help="text tokens; the pack uses 256, fewer are a faster first part")
    p.add_argument("--rate", type=float, default=0, help="learning rate (0: the stage's own)")
    p.add_argument("--warmup", type=int, default=200)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--resume", action="store_true")
    p.add_argument("--ends", type=float, default=0, help="stop at this time (seconds since 1970) with status 3, to go on later")
    p.add_argument("--optimizer", choices=("adamw", "muon"), default="adamw")
    p.add_argument("--fall", type=float, default=0.2, help="share of the budget over which the rate falls to nothing")
    p.add_argument("--scenes", type=int, default=0, help="train on so many settled scenes, kept as latents (0: on endless random ones)")
    p.add_argument("--plain", type=float, default=0.7, help="share of plain single things when training on kept latents")
    p.add_argument("--several", type=float, default=0.0, help="share of two to four of one thing on white, likewise")
    p.add_argument("--dyed", type=float, default=0.0, help="share of dyed things on one colour, likewise")
    p.add_argument("--pairs", type=float, default=0.0, help="share of two things on white, likewise")
    p.add_argument("--crop", type=int, default=0, help="tae: pixels of a crop (0: whole pictures)")
    p.add_argument("--crops", type=int, default=1, help="tae: crops of one picture")
    p.add_argument("--principal", action="store_true", help="tae: start with the encoder that knows the pictures' principal components")
    p.add_argument("--sheets", type=float, default=0, help="seconds between contact sheets to look at (0: none)")
    p.add_argument("--threads", type=int, default=0, help="of torch (0: its own choice)")
    p.add_argument("--workers", type=int, default=0, help="processes that prepare scenes and captions ahead; a GPU needs about 12")
    p.add_argument("--compile", action="store_true")
    p.add_argument("--half", action="store_true", help="bf16 for products of matrices on a CPU, too; a GPU always does")
    p.add_argument("--only", default="", help="a few objects, separated by commas, for small runs")
    p.add_argument("--kinds", default="", help="only these kinds of scenes: one, count, pair, place")
    p.add_argument("--lora", default="", help="which LoRA: outline, night, character")
    p.add_argument("--width", type=int, default=256)
    p.add_argument("--doubles", type=int, default=3)
    p.add_argument("--singles", type=int, default=10)
    p.add_argument("--context", type=int, default=64)
    p.add_argument("--layers", type=int, default=3, help="of the text encoder")
    p.add_argument("--teacher-steps", type=int, default=3, help="of the teacher for one of the student")
    p.add_argument("--student-steps", default="8,8,8,8,4,12", help="numbers of steps that the student learns; one said twice counts twice")
    p.add_argument("--cfg", type=float, default=3.0, help="the teacher's guidance when distilling")
    p.add_argument("--say", type=int, default=50)
    p.add_argument("--save", type=float, default=60, help="seconds between checkpoints")
    return p.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    from . import stages

    args = arguments(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    archive = sprites.load(args.data)
    if args.only:
        archive = archive.only(args.only.split(","))
    receipt = {
        "data": hashlib.sha256(args.data.read_bytes()).hexdigest(),
        "commit": commit(),
        "command": [a for a in (argv or sys.argv[1:]) if "/" not in a],  # no paths of the machine
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name() if args.device == "cuda" else "CPU",
    }
    old = args.out / f"{args.stage if args.stage != 'lora' else args.stage + '-' + args.lora}.json"
    if args.resume and old.is_file():
        before = json.loads(old.read_text())
        receipt["losses"] = before.get("losses", [])
        receipt["before"] = [*before.get("before", []), {k: before.get(k) for k in ("commit", "command", "steps", "seconds")}]
    stages.start(args, Data(archive, args.device, args.seed, args.scenes > 0), receipt)


if __name__ == "__main__":
    main()
