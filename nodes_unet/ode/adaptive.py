"""The Dormand-Prince method with adaptive steps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import tensorflow as tf

from nodes_unet.ode.states import State, all_finite, combine, error_norm, poisoned, select
from nodes_unet.ode.steps import MAX_STEPS, NON_FINITE, SUCCESS, UNDERFLOW, Integration, Slope, Stats, Steps
from nodes_unet.ode.tableaus import DORMAND_PRINCE, interpolation_weights

SAFETY = 0.9


class _Rule(NamedTuple):
    """Next size = size * clip(SAFETY * norm ** -exponent, smallest, largest).

    The norm is sqrt(mean(|error / tolerance| ** power)), and the error the tableau's times `scale`.
    """

    scale: float
    power: int
    exponent: float
    smallest: float
    largest: float
    grows_after_rejection: bool
    overshoots: bool


# SciPy's RK45, with the embedded formula of Dormand & Prince 1980, whose error is 3/2 of Shampine's
_SCIPY = _Rule(1.5, 2, 1 / 5, 0.2, 10.0, grows_after_rejection=False, overshoots=False)
# tf.contrib.integrate.odeint, which however went past the end with its last step where the first was rejected
_TENSORFLOW1 = _Rule(1.0, 2, 1 / 5, 0.2, 10.0, grows_after_rejection=True, overshoots=False)
# tfp.math.ode.DormandPrince, which squares the ratios twice, goes past the end and interpolates back
_TFP = _Rule(1.0, 4, 1 / 6, 0.1, 10.0, grows_after_rejection=True, overshoots=True)
_TFP_FIRST_STEP = 1e-3


@dataclass(frozen=True)
class DormandPrince:
    """The method of Dormand & Prince with adaptive steps.

    Attributes:
        rtol, atol: relative and absolute error tolerance.
        first_step: `"hairer"`, `"interval"`, `"tfp"` or a length; see `odeint`.
        max_num_steps: cap on attempted steps.
        norm: of the error, over the whole `"batch"` or of each `"sample"`.
    """

    rtol: float
    atol: float
    first_step: str | float
    max_num_steps: int
    norm: str

    tableau = DORMAND_PRINCE
    stages = 6  # evaluations a step: the first slope is the last one of the step before

    @property
    def rule(self) -> _Rule:
        """How step sizes change."""
        return {"interval": _TENSORFLOW1, "tfp": _TFP}.get(self.first_step, _SCIPY)

    @property
    def capacity(self) -> int:
        """The largest number of accepted steps."""
        return self.max_num_steps

    def integrate(self, slope: Slope, state: State, start: tf.Tensor, end: tf.Tensor, record: bool) -> Integration:
        """Integrates from `start` to `end`, scalar tensors, in either direction, and records the steps if asked to."""
        lanes = tf.shape(state[0])[:1] if self.norm == "sample" else []
        return _integrate(slope, state, tf.fill(lanes, start), tf.fill(lanes, end), self, record)

    def joint(self) -> "DormandPrince":
        """The same method with one error norm over everything."""
        return replace(self, norm="batch")

    def weights(self, time: tf.Tensor, size: tf.Tensor, end: tf.Tensor) -> Sequence:
        """Weights of the slopes in the outcome of a step, which lies no further than the end of the integration."""
        if not self.rule.overshoots:
            return DORMAND_PRINCE.c_sol[: self.stages]
        return interpolation_weights(tf.minimum(tf.math.divide_no_nan(end - time, size), 1))


class _Progress(NamedTuple):
    time: tf.Tensor
    size: tf.Tensor
    state: State
    slope: State
    status: tf.Tensor
    attempts: tf.Tensor
    accepted: tf.Tensor
    rejected: tf.Tensor
    retries: tf.Tensor  # whether the last attempt was rejected
    steps: Steps | tuple[()]


def _integrate(slope: Slope, state: State, start, end, method: DormandPrince, record: bool) -> Integration:
    first = slope(start, state)
    size, evaluations = _first_size(slope, state, first, start, end, method)
    zeros = tf.zeros_like(start, tf.int32)

    def active(progress: _Progress) -> tf.Tensor:
        ahead = (end - progress.time) * tf.sign(end - start)
        goes_on = (ahead >= 0) & (end != start) if method.rule.overshoots else ahead > 0
        return goes_on & (progress.status == SUCCESS)

    def attempt(*loop_variables) -> _Progress:
        progress = _Progress(*loop_variables)
        progress = _attempt(slope, progress, active(progress), end, method)
        unfinished = active(progress)
        underflow = unfinished & (progress.time + progress.size == progress.time)
        capped = unfinished & (progress.attempts >= method.max_num_steps)
        status = tf.where(underflow, UNDERFLOW, tf.where(capped, MAX_STEPS, progress.status))
        return progress._replace(status=status)

    begin = _Progress(
        time=start,
        size=size,
        state=state,
        slope=first,
        status=zeros,
        attempts=tf.constant(0),
        accepted=zeros,
        rejected=zeros,
        retries=tf.zeros_like(start, tf.bool),
        steps=Steps.none(method.max_num_steps, start, state) if record else (),
    )

    def goes_on(*loop_variables) -> tf.Tensor:
        return tf.reduce_any(active(_Progress(*loop_variables)))

    ended = _Progress(*tf.while_loop(goes_on, attempt, begin, maximum_iterations=method.max_num_steps))
    finite = all_finite(ended.state, start) & tf.math.is_finite(end - start)
    unnoticed = (ended.status == SUCCESS) & ~finite
    stats = Stats(
        nfe=evaluations + method.stages * ended.attempts,
        accepted=ended.accepted,
        rejected=ended.rejected,
        time=ended.time,
        status=tf.where(unnoticed, NON_FINITE, ended.status),
    )
    return Integration(poisoned(ended.state, stats.status != SUCCESS), stats, ended.steps)


def _attempt(slope: Slope, now: _Progress, active: tf.Tensor, end: tf.Tensor, method: DormandPrince) -> _Progress:
    rule, time, state = method.rule, now.time, now.state
    lands = tf.abs(now.size) >= tf.abs(end - time)
    size = now.size if rule.overshoots else tf.where(lands, end - time, now.size)
    size = tf.where(active, size, tf.zeros_like(size))
    weights = method.weights(time, size, end)
    slopes, at, outcome = slope.advance(time, size, state, now.slope, DORMAND_PRINCE, 7, weights)
    scaled, tolerance = rule.scale * size, (method.rtol, method.atol)
    norm = error_norm(scaled, DORMAND_PRINCE.c_error, slopes, state, at, *tolerance, rule.power, time)
    norm = tf.stop_gradient(norm)
    finite = tf.math.is_finite(norm)
    accepted, rejected = active & finite & (norm <= 1), active & ~(finite & (norm <= 1))
    factor = tf.clip_by_value(SAFETY * norm**-rule.exponent, rule.smallest, rule.largest)
    if not rule.grows_after_rejection:
        factor = tf.where(now.retries, tf.minimum(factor, 1), factor)
    factor = tf.where(finite, factor, tf.constant(rule.smallest, size.dtype))
    after = time + size if rule.overshoots else tf.where(lands, end, time + size)
    hopeless = active & ~finite & _not_finite(state, now.slope, finite)
    return _Progress(
        time=tf.where(accepted, after, time),
        size=tf.where(active, size * factor, now.size),
        state=select(accepted, outcome, state),
        slope=select(accepted, slopes[-1], now.slope),
        status=tf.where(hopeless, NON_FINITE, now.status),
        attempts=now.attempts + 1,
        accepted=now.accepted + tf.cast(accepted, tf.int32),
        rejected=now.rejected + tf.cast(rejected, tf.int32),
        retries=rejected,
        steps=now.steps and now.steps.noted(accepted, time, size, state),
    )


def _not_finite(state: State, slope: State, finite: tf.Tensor) -> tf.Tensor:
    """Lanes that no smaller step can save; looked for only where a norm is not finite."""
    return tf.cond(
        tf.reduce_all(finite),
        lambda: tf.zeros_like(finite),
        lambda: ~(all_finite(state, finite) & all_finite(slope, finite)),
    )


def _first_size(slope: Slope, state: State, first: State, start: tf.Tensor, end: tf.Tensor, method: DormandPrince):
    """Size of the first step, with its sign, and how many evaluations have been made by then."""
    interval = end - start
    if method.first_step == "hairer":
        return _hairer(slope, state, first, start, interval, method), 2
    if method.first_step == "interval":
        return interval, 1
    length = _TFP_FIRST_STEP if method.first_step == "tfp" else method.first_step
    return tf.sign(interval) * length, 1


def _hairer(slope: Slope, state: State, first: State, start: tf.Tensor, interval: tf.Tensor, method: DormandPrince):
    """The automatic first step of Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, II.4."""

    def norm(weights: Sequence, *of: State) -> tf.Tensor:
        return error_norm(tf.ones_like(start), weights, of, state, state, method.rtol, method.atol, 2, start)

    d0, d1 = norm([1.0], state), norm([1.0], first)
    h0 = tf.where((d0 < 1e-5) | (d1 < 1e-5), tf.constant(1e-6, start.dtype), 0.01 * d0 / d1)
    h0 = tf.minimum(h0, tf.abs(interval))
    probe = combine(state, tf.sign(interval) * h0, [1.0], [first])
    second = slope(start + tf.sign(interval) * h0, probe)
    d2 = norm([1.0, -1.0], second, first) / h0
    steepest = tf.maximum(d1, d2)
    h1 = tf.where(steepest <= 1e-15, tf.maximum(tf.constant(1e-6, start.dtype), h0 * 1e-3), (0.01 / steepest) ** 0.2)
    size = tf.sign(interval) * tf.minimum(100 * h0, h1)
    return tf.stop_gradient(tf.where(tf.math.is_finite(size), size, interval))
