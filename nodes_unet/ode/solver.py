"""Integration of ordinary differential equations with gradients (Li et al. 2021, section 3.1; Chen et al. 2018)."""

from collections.abc import Callable

import tensorflow as tf

from nodes_unet.errors import SolverError
from nodes_unet.ode import adjoint, backprop, discrete
from nodes_unet.ode.adaptive import DormandPrince
from nodes_unet.ode.fixed import FixedSteps
from nodes_unet.ode.states import spread
from nodes_unet.ode.steps import MAX_STEPS, NON_FINITE, UNDERFLOW, Problem, Stats
from nodes_unet.ode.tableaus import EULER, RK4

GRADIENTS = {"discrete": discrete.solve, "backprop": backprop.solve, "adjoint": adjoint.solve}
FIRST_STEPS = ("hairer", "interval", "tfp")
NORMS = ("batch", "sample")
_FIXED = {"euler": EULER, "rk4": RK4}
METHODS = ("dopri5", *_FIXED)

_WHAT_HAPPENED = {
    MAX_STEPS: "needed more than {max_num_steps} steps; raise max_num_steps or the tolerance; a stiff equation needs a "
    "solver made for such",
    NON_FINITE: "met a time, state or slope that is not finite; look for NaN and infinities in t0, t1, y0, args and "
    "what f returns, in a network in its input and weights",
    UNDERFLOW: "had to make its steps too small for the number format; look whether the solution or the slope has a "
    "pole or becomes NaN there, raise the tolerance, or use float64",
}


def odeint(
    f: Callable,
    y0,
    t0: float | tf.Tensor,
    t1: float | tf.Tensor,
    args: tuple = (),
    *,
    method: str = "dopri5",
    rtol: float = 1e-3,
    atol: float | None = None,
    first_step: str | float = "hairer",
    max_num_steps: int = 1000,
    num_steps: int | None = None,
    norm: str = "batch",
    gradient: str = "discrete",
    on_gradient: Callable[[Stats], None] | None = None,
) -> tuple:
    """Integrates dy/dt = f(t, y, *args) from t0 to t1.

    Gradients flow to `y0`, to the tensors in `args` and to the variables that f uses. A tensor that f merely closes
    over gets none, and neither do t0 and t1.

    Outside of a `tf.function` every operation is dispatched by itself, some milliseconds a step: wrap what is called
    often in one.

    A solve that fails gives NaN throughout (with `norm="sample"`: in the images that failed) and a status; outside of
    graphs it raises.

    Args:
        f: right-hand side, `f(t, y, *args)` with t a scalar of the state's dtype, returns the slope in the structure,
            shapes and dtypes of y. With `norm="sample"` t has the shape (B, 1, ..., 1) of y's first component's rank.
        y0: initial state, a float32 or float64 tensor or a nested structure of them.
        t0, t1: times; t1 may lie before t0.
        args: further arguments of f, a tuple of (nested) tensors.
        method: `"dopri5"` (adaptive), `"euler"` or `"rk4"` (both with `num_steps` steps of equal size).
        rtol, atol: relative and absolute tolerance of the local error; atol is rtol unless given.
        first_step: `"hairer"` chooses it from the slopes at the start (the default, because the error then follows the
            tolerance: see `results/bench/ode`); `"interval"` tries the whole interval first, as
            TensorFlow 1's `odeint` did, and is that solver where this step is accepted: else the last step of that one
            went past the end, to be interpolated back; a float is its length; `"tfp"` is the behaviour of TensorFlow
            Probability's Dormand-Prince in everything: first step 1e-3, its error norm and growth of steps, and steps
            past the end with interpolation back. All others end exactly at t1.
        max_num_steps: cap on attempted steps.
        num_steps: number of steps of `"euler"` and `"rk4"`.
        norm: one error norm over the `"batch"`, as in the papers' solver, or one of each `"sample"`, which then takes
            its own steps; every component of the state then needs the batch as its first axis.
        gradient: `"discrete"`, the exact gradient of the accepted steps (their sizes taken as constants), which keeps
            one state a step up to 32 and fewer of more steps; `"backprop"`, the same gradient by backpropagation
            through the solver's loop, which keeps what every evaluation computed, so that none is repeated (under XLA
            room for `max_num_steps` steps is needed in advance: make it small); or `"adjoint"`, the continuous
            adjoint of Chen et al. 2018, which keeps no state. Under XLA take gradients inside of the compiled function.
        on_gradient: called with the `Stats` of the way back when a gradient is taken, save with `"backprop"`, whose way
            back evaluates nothing.

    Returns:
        The state at t1, structured as y0, and the `Stats`.

    Raises:
        SolverError: the solve failed; in eager mode only.
        ValueError: an option is unknown or impossible, a time is no single number, or f returns no slope like the
            state.
        TypeError: a component of the state is not float32 or float64, or `args` is no tuple.
    """
    method = _method(method, rtol, rtol if atol is None else atol, first_step, max_num_steps, num_steps, norm)
    _check("gradient", gradient, GRADIENTS)
    if not isinstance(args, tuple | list):
        raise TypeError(f"args must be a tuple of f's further arguments and is a {type(args).__name__}: write (args,)")
    state = [tf.convert_to_tensor(part) for part in tf.nest.flatten(y0)]
    _check_dtypes(state)
    time_dtype = tf.float64 if tf.float64 in {part.dtype for part in state} else tf.float32
    given = [tf.convert_to_tensor(arg) for arg in tf.nest.flatten(args)]
    differentiable = [number for number, arg in enumerate(given) if arg.dtype.is_floating]

    def right_hand_side(time: tf.Tensor, at: list, values: list) -> list:
        arguments = list(given)
        for number, value in zip(differentiable, values, strict=True):
            arguments[number] = value
        slope = f(spread(time, at[0]), tf.nest.pack_sequence_as(y0, at), *tf.nest.pack_sequence_as(args, arguments))
        return _like(slope, at, y0)

    problem = Problem(
        right_hand_side,
        state,
        [given[number] for number in differentiable],
        _time("t0", t0, time_dtype),
        _time("t1", t1, time_dtype),
    )
    end_state, stats = GRADIENTS[gradient](problem, method, on_gradient or _ignore)
    if tf.executing_eagerly():
        _raise_if_failed(stats, max_num_steps)
    return tf.nest.pack_sequence_as(y0, end_state), stats


def _ignore(stats: Stats) -> None:
    pass


def _method(method, rtol, atol, first_step, max_num_steps, num_steps, norm):
    _check("method", method, METHODS)
    _check("norm", norm, NORMS)
    if method in _FIXED:
        if not num_steps or num_steps < 1:
            raise ValueError(f"method {method!r} needs num_steps, a positive number of steps")
        return FixedSteps(_FIXED[method], num_steps)
    if num_steps is not None:
        raise ValueError(
            f"num_steps goes with {' and '.join(map(repr, _FIXED))}: method {method!r} chooses its own steps"
        )
    numbers = {"rtol": rtol, "atol": atol, "max_num_steps": max_num_steps}
    if isinstance(first_step, str):
        _check("first_step", first_step, FIRST_STEPS)
    else:
        numbers["first_step"] = first_step
    for name, value in numbers.items():
        if not value > 0:
            raise ValueError(f"{name} must be positive and is {value}")
    return DormandPrince(rtol, atol, first_step, max_num_steps, norm)


def _check(name: str, value: str, known) -> None:
    if value not in known:
        raise ValueError(f"{name} {value!r} is unknown: choose from {', '.join(map(repr, known))}")


def _check_dtypes(state: list[tf.Tensor]) -> None:
    for part in state:
        if part.dtype not in (tf.float32, tf.float64):
            raise TypeError(f"the state is integrated in float32 or float64 and has {part.dtype.name}: cast it first")


def _time(name: str, value, dtype: tf.DType) -> tf.Tensor:
    # a bare number goes to its dtype directly: tf.cast would round it to float32 first
    time = tf.cast(value, dtype) if tf.is_tensor(value) else tf.constant(value, dtype)
    if time.shape.rank:
        raise ValueError(f"{name} must be one number and has the shape {time.shape}: integrate to each time in turn")
    return time


def _like(slope, state: list[tf.Tensor], structure) -> list[tf.Tensor]:
    """The slope's parts, which have to match the state's."""
    try:
        tf.nest.assert_same_structure(structure, slope)
        return [
            tf.ensure_shape(tf.cast(part, like.dtype), like.shape)
            for part, like in zip(tf.nest.flatten(slope), state, strict=True)
        ]
    except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
        returned, wanted = (tf.nest.map_structure(_shape, each) for each in (slope, structure))
        raise ValueError(
            f"f must return a slope like the state, {wanted}, and returned {returned}: see what it does to its y"
        ) from error


def _shape(part) -> str:
    return f"shape {tuple(part.shape)}" if hasattr(part, "shape") else type(part).__name__


def _raise_if_failed(stats: Stats, max_num_steps: int) -> None:
    for status, what in _WHAT_HAPPENED.items():
        lanes = tf.reshape(stats.status == status, [-1])
        if tf.reduce_any(lanes):
            lane = int(tf.argmax(tf.cast(lanes, tf.int32)))
            time, steps = float(tf.reshape(stats.time, [-1])[lane]), int(tf.reshape(stats.accepted, [-1])[lane])
            which = f" of image {lane}" if stats.status.shape.rank else ""
            raise SolverError(
                f"the solve{which} stopped at t = {time:.6g} after {steps} accepted steps: "
                f"it {what.format(max_num_steps=max_num_steps)}"
            )
