"""torchdiffeq's dopri5 on PyTorch, images in the channels-last layout."""

import torch
import torchdiffeq

from reproduce.benchmarks.ode.methods import Prepared
from reproduce.benchmarks.ode.problem import Problem


class _Dynamics(torch.nn.Module):
    def __init__(self, problem: Problem):
        super().__init__()
        kernels = [torch.tensor(kernel).permute(3, 2, 0, 1).contiguous() for kernel in problem.kernels()]
        self.kernels = torch.nn.ParameterList(kernel.to(memory_format=torch.channels_last) for kernel in kernels)
        self.activation = getattr(torch.nn.functional, problem.activation)
        self.evaluations = 0

    def forward(self, time, state):
        self.evaluations += 1
        for kernel in self.kernels:
            with_time = torch.cat([state, torch.ones_like(state[:, :1]) * time], 1)
            state = self.activation(torch.nn.functional.conv2d(with_time, kernel, padding=1))
        return state


def prepare(problem: Problem, tolerance: float, adjoint: bool) -> Prepared:
    """Makes a problem ready."""
    dynamics = _Dynamics(problem)
    state, cotangent = (_images(values) for values in (problem.state(), problem.cotangent()))
    solve = torchdiffeq.odeint_adjoint if adjoint else torchdiffeq.odeint
    times = torch.tensor([0.0, 1.0])

    def end():
        return solve(dynamics, state, times, rtol=tolerance, atol=tolerance, method="dopri5")[-1]

    def forward():
        dynamics.evaluations = 0
        with torch.no_grad():
            solution = end().permute(0, 2, 3, 1).numpy()
            return solution, dynamics.evaluations, None

    def step():
        inputs = [state.requires_grad_(), *dynamics.kernels]
        by_state, *by_kernels = torch.autograd.grad(end(), inputs, cotangent)
        return [by_state.permute(0, 2, 3, 1).numpy(), *(by.permute(2, 3, 1, 0).numpy() for by in by_kernels)]

    return Prepared(forward, step)


def _images(values):
    return torch.tensor(values).permute(0, 3, 1, 2)  # channels last in memory
