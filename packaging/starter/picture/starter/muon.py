"""Muon for matrices, AdamW for the rest, in one optimizer: on two cores a step is dear, and this needs about half as many.

A matrix moves along the orthogonal matrix nearest to its momentum, found by Newton and Schulz's iteration. The iteration is done on
the small square of the matrix with itself, since a polynomial of it times the matrix once is the same and costs less than half.
The steps are scaled to be as long as AdamW's would be, so that one learning rate serves both. After Jordan and others, 2024.
"""

import torch
from torch import Tensor

TURNS = ((3.4445, -4.7750, 2.0315),) * 3  # a, b, c of each turn: Jordan's. Five are usual, and cost more than they gain here


def orthogonal(matrix: Tensor, half: bool = False) -> Tensor:
    """[m, n] -> about the nearest matrix with all singular values 1 (most end between 0.6 and 1.3; small ones stay smaller).

    half: worked out in bf16.
    """
    m, n = matrix.shape
    x = matrix if m <= n else matrix.T
    x = (x / (x.norm() + 1e-7)).to(torch.bfloat16 if half else x.dtype)
    square, product = x @ x.T, None
    for a, b, c in TURNS:
        # One turn is x -> (a + b s + c s s) x with s = x x'; all of these commute, so s itself goes on without x.
        s2 = square @ square
        turn = b * square + c * s2
        turn.diagonal().add_(a)
        product = turn if product is None else turn @ product
        square = turn @ square @ turn
    x = (product @ x).to(matrix.dtype)
    return x if m <= n else x.T


class Muon(torch.optim.Optimizer):
    """groups say muon True or False; all have lr and weight_decay."""

    def __init__(
        self, groups: list[dict], lr: float, momentum: float = 0.95, betas: tuple[float, float] = (0.9, 0.99), half: bool = False
    ) -> None:
        super().__init__(groups, dict(lr=lr, momentum=momentum, betas=betas, weight_decay=0.0, muon=False))
        self.half = half  # bf16 for the iteration

    @torch.no_grad()
    def step(self, closure=None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                p.mul_(1 - group["lr"] * group["weight_decay"])
                (self.matrix if group["muon"] else self.adam)(p, self.state[p], group)

    def matrix(self, p: Tensor, state: dict, group: dict) -> None:
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(p)
        m = state["momentum"].lerp_(p.grad, 1 - group["momentum"])
        ahead = p.grad.lerp(m, group["momentum"]).flatten(1)  # Nesterov's; a convolution is a matrix of its outputs
        p.add_(orthogonal(ahead, self.half).view_as(p), alpha=-group["lr"] * 0.2 * max(ahead.shape) ** 0.5)

    def adam(self, p: Tensor, state: dict, group: dict) -> None:
        if "step" not in state:
            state.update(step=0, first=torch.zeros_like(p), second=torch.zeros_like(p))
        state["step"] += 1
        a, b = group["betas"]
        state["first"].lerp_(p.grad, 1 - a)
        state["second"].lerp_(p.grad.square(), 1 - b)
        spread = (state["second"] / (1 - b ** state["step"])).sqrt_().add_(1e-8)
        p.addcdiv_(state["first"], spread, value=-group["lr"] / (1 - a ** state["step"]))
