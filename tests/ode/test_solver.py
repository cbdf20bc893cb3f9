import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes_unet.errors import SolverError
from nodes_unet.ode import MAX_STEPS, NON_FINITE, SUCCESS, UNDERFLOW, odeint
from nodes_unet.ode.solver import FIRST_STEPS

MODES = {
    "eager": lambda function: function,
    "graph": lambda function: tf.function(function, autograph=False),
    "xla": lambda function: tf.function(function, autograph=False, jit_compile=True),
}


def turning(rate=3.0):
    """A rotation and its start; the solution is known."""
    return lambda t, y: rate * tf.stack([-y[1], y[0]]), tf.constant([1.0, 0.0], tf.float64)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-6])
def test_first_step_tfp_is_tensorflow_probabilitys_solver(tolerance):
    matrix = tf.constant(np.random.default_rng(0).normal(size=(6, 6)))

    def f(t, y):
        return tf.linalg.matvec(matrix, tf.sin(3 * y + t))

    start = tf.linspace(tf.constant(-1.0, tf.float64), 1.0, 6)
    end, stats = odeint(f, start, 0.0, 1.0, rtol=tolerance, first_step="tfp")
    theirs = tfp.math.ode.DormandPrince(rtol=tolerance, atol=tolerance).solve(f, 0.0, start, [1.0])
    assert int(stats.nfe) == int(theirs.diagnostics.num_ode_fn_evaluations) + 1  # theirs leaves out the first
    np.testing.assert_allclose(end, theirs.states[0], atol=1e-5)  # theirs rounds its tableau to float32
    assert float(stats.time) > 1


@pytest.mark.parametrize("first_step", ["hairer", "interval", 0.3])
def test_ends_exactly_at_the_end(first_step):
    f, start = turning()
    _, stats = odeint(f, start, 0.1, 0.7, first_step=first_step)
    assert float(stats.time) == 0.7


def test_evaluations_are_those_that_were_made():
    for first_step in (*FIRST_STEPS, 0.1):
        times = []

        def f(t, y, times=times):
            times.append(float(t))
            return tf.sin(20 * t) * y

        _, stats = odeint(f, tf.ones(3), 0.0, 1.0, rtol=1e-4, first_step=first_step)
        assert int(stats.nfe) == len(times)
        assert int(stats.nfe) == (2 if first_step == "hairer" else 1) + 6 * int(stats.accepted + stats.rejected)
        assert int(stats.rejected) > 0 or first_step != "interval"


def test_an_easy_problem_takes_one_step_over_the_interval():
    _, stats = odeint(lambda t, y: 0.01 * y, tf.ones(3), 0.0, 1.0, first_step="interval")
    assert (int(stats.nfe), int(stats.accepted), int(stats.rejected)) == (7, 1, 0)


def test_goes_backwards_in_time_to_where_it_came_from():
    f, start = turning()
    for first_step in FIRST_STEPS:
        end, _ = odeint(f, start, 0.0, 1.0, rtol=1e-9, first_step=first_step)
        back, _ = odeint(f, end, 1.0, 0.0, rtol=1e-9, first_step=first_step)
        np.testing.assert_allclose(back, start, atol=1e-7)


def test_states_may_be_nested_and_of_several_dtypes():
    start = {"decays": tf.constant([1.0, 2.0]), "rest": (tf.constant(3.0, tf.float64), tf.zeros([2, 2]))}

    def f(t, y):
        return {"decays": -y["decays"], "rest": (tf.cast(t, tf.float64), tf.ones([2, 2]))}

    end, _ = odeint(f, start, 0.0, 1.0, rtol=1e-6)
    np.testing.assert_allclose(end["decays"], [math.exp(-1), 2 * math.exp(-1)], rtol=1e-5)
    np.testing.assert_allclose(end["rest"][0], 3.5)
    np.testing.assert_allclose(end["rest"][1], np.ones([2, 2]), rtol=1e-6)
    assert end["rest"][0].dtype == tf.float64 and end["decays"].dtype == tf.float32


@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    dtype=st.sampled_from([tf.float32, tf.float64]),
    exponent=st.integers(1, 5),
    first_step=st.sampled_from([*FIRST_STEPS, 0.05]),
    norm=st.sampled_from(["batch", "sample"]),
    seed=st.integers(0, 99),
)
@settings(max_examples=25)
def test_linear_decay_is_solved_for_all_shapes_dtypes_and_tolerances(shape, dtype, exponent, first_step, norm, seed):
    random = np.random.default_rng(seed)
    start, rates = tf.constant(random.normal(size=shape), dtype), tf.constant(random.uniform(-1, 3, size=shape), dtype)
    end, stats = odeint(
        lambda t, y: -rates * y, start, 0.0, 1.0, rtol=10.0**-exponent, first_step=first_step, norm=norm
    )
    assert end.shape == start.shape and end.dtype == dtype
    assert (np.asarray(stats.status) == SUCCESS).all()
    np.testing.assert_allclose(end, start * tf.exp(-rates), atol=20 * 10.0**-exponent)


# name, f, y(0), t1, tolerance, the status that it must have
HARD = [
    ("NaN state", lambda t, y: -y, [float("nan"), 1.0], 1.0, 1e-3, {NON_FINITE}),
    ("infinite weights", lambda t, y: float("inf") * y, [1.0, 1.0], 1.0, 1e-3, {NON_FINITE}),
    (
        "infinite state behind a finite slope",
        lambda t, y: tf.ones_like(y),
        [float("inf"), 1.0],
        1.0,
        1e-3,
        {NON_FINITE},
    ),
    (
        "slope that is NaN after a while",
        lambda t, y: tf.sqrt(0.5 - t) * y,
        [1.0, 1.0],
        1.0,
        1e-3,
        {UNDERFLOW, MAX_STEPS},
    ),
    ("blow-up before the end", lambda t, y: 10 * y**2, [1.0, 1.0], 1.0, 1e-3, {UNDERFLOW, MAX_STEPS}),
    ("stiff", lambda t, y: -1e6 * y, [1.0, 2.0], 1.0, 1e-3, {MAX_STEPS}),
    (
        "tolerance below the rounding error",
        lambda t, y: tf.sin(5 * y + t),
        [1.0, 2.0],
        1.0,
        1e-12,
        {MAX_STEPS, UNDERFLOW},
    ),
    ("jumps at every step", lambda t, y: tf.sign(tf.sin(1e6 * y)) * 1e6, [1.0, 2.0], 1.0, 1e-3, {MAX_STEPS, UNDERFLOW}),
]


@pytest.mark.parametrize(("mode", "first_step"), [*(("graph", first) for first in FIRST_STEPS), ("xla", "hairer")])
@pytest.mark.parametrize(("name", "f", "start", "end", "tolerance", "statuses"), HARD)
def test_what_cannot_be_solved_ends_within_the_cap_with_nan_and_a_status(
    name, f, start, end, tolerance, statuses, mode, first_step
):
    solve = MODES[mode](lambda y: odeint(f, y, 0.0, end, rtol=tolerance, first_step=first_step, max_num_steps=100))
    state, stats = solve(tf.constant(start))
    assert int(stats.status) in statuses
    assert np.isnan(state).all()
    assert int(stats.nfe) <= 2 + 6 * 100


@pytest.mark.parametrize("gradient", ["discrete", "backprop", "adjoint"])
@pytest.mark.parametrize(("name", "f", "start", "end", "tolerance", "statuses"), HARD)
def test_in_eager_mode_what_cannot_be_solved_raises_with_what_where_and_what_to_try(
    name, f, start, end, tolerance, statuses, gradient
):
    words = {NON_FINITE: "not finite; look for", UNDERFLOW: "too small for the", MAX_STEPS: "more than 60 steps; raise"}
    with pytest.raises(SolverError, match=r"stopped at t = \S+ after \d+ accepted steps") as raised:
        odeint(f, tf.constant(start), 0.0, end, rtol=tolerance, max_num_steps=60, gradient=gradient)
    assert any(
        words[status] in str(raised.value) for status in {*statuses, *([MAX_STEPS] if len(statuses) > 1 else [])}
    )


@pytest.mark.parametrize("gradient", ["discrete", "backprop", "adjoint"])
@pytest.mark.parametrize("first_step", FIRST_STEPS)
@pytest.mark.parametrize("mode", MODES)
def test_an_interval_of_no_length_leaves_the_state_alone(mode, first_step, gradient):
    start = tf.constant([1.0, 2.0])
    solve = MODES[mode](
        lambda y: odeint(lambda t, y: -y, y, 0.5, 0.5, first_step=first_step, gradient=gradient, max_num_steps=9)
    )
    end, stats = solve(start)
    np.testing.assert_array_equal(end, start)
    assert (int(stats.accepted), int(stats.status)) == (0, SUCCESS)


@pytest.mark.parametrize("gradient", ["discrete", "backprop", "adjoint"])
@pytest.mark.parametrize("norm", ["batch", "sample"])
@pytest.mark.parametrize(("mode", "images"), [("eager", 0), ("eager", 1), ("graph", 0), ("graph", 1), ("xla", 0)])
def test_a_batch_may_hold_one_image_or_none(mode, images, norm, gradient):
    def solve(y):
        with tf.GradientTape() as tape:
            tape.watch(y)
            end, stats = odeint(lambda t, y: tf.sin(y + t), y, 0.0, 1.0, norm=norm, gradient=gradient, max_num_steps=20)
        return end, stats, tape.gradient(end, y)

    end, stats, slope = MODES[mode](solve)(tf.ones([images, 3, 2]))
    assert end.shape == slope.shape == (images, 3, 2)
    assert (np.asarray(stats.status) == SUCCESS).all()


def test_the_cap_allows_exactly_its_number_of_steps():
    def f(t, y):
        return tf.sin(30 * t) * y

    _, stats = odeint(f, tf.ones(2), 0.0, 1.0, rtol=1e-5)
    steps = int(stats.accepted + stats.rejected)
    odeint(f, tf.ones(2), 0.0, 1.0, rtol=1e-5, max_num_steps=steps)
    with pytest.raises(SolverError, match=f"more than {steps - 1} steps"):
        odeint(f, tf.ones(2), 0.0, 1.0, rtol=1e-5, max_num_steps=steps - 1)


def images(*scales):
    """A batch of images that need more and more steps."""
    return tf.stack([scale * tf.ones([3, 2], tf.float64) for scale in scales])


@pytest.mark.parametrize("gradient", ["discrete", "backprop", "adjoint"])
def test_with_a_norm_for_each_image_neighbours_do_not_matter(gradient):
    def f(t, y):
        return tf.sin(y**2 + t)

    together, stats = odeint(f, images(0.1, 2, 9), 0.0, 1.0, norm="sample", gradient=gradient)
    assert len(set(np.asarray(stats.accepted).tolist())) > 1
    for number, scale in enumerate((0.1, 2, 9)):
        alone, own = odeint(f, images(scale), 0.0, 1.0, norm="sample", gradient=gradient)
        np.testing.assert_allclose(together[number], alone[0], rtol=1e-9)
        assert int(own.accepted[0]) == int(stats.accepted[number])
        assert int(own.rejected[0]) == int(stats.rejected[number])
    over_the_batch, _ = odeint(f, images(0.1, 2, 9), 0.0, 1.0, norm="batch")
    assert np.abs(over_the_batch - together).max() > 0


def test_with_a_norm_for_each_image_one_that_fails_takes_no_other_with_it():
    solve = tf.function(lambda y: odeint(lambda t, y: y**2, y, 0.0, 1.0, norm="sample"))
    end, stats = solve(images(0.5, 20))
    np.testing.assert_allclose(end[0], np.ones([3, 2]), rtol=1e-2)
    assert np.isnan(end[1]).all()
    assert np.asarray(stats.status).tolist() == [SUCCESS, UNDERFLOW]
    with pytest.raises(SolverError, match=r"the solve of image 1 stopped at t = 0\.0[45]"):
        odeint(lambda t, y: y**2, images(0.5, 20), 0.0, 1.0, norm="sample")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"first_step": "euler"}, "first_step 'euler' is unknown: choose from 'hairer', 'interval', 'tfp'"),
        ({"gradient": "exact"}, "gradient 'exact' is unknown"),
        ({"norm": "max"}, "norm 'max' is unknown"),
        ({"method": "rk5"}, "method 'rk5' is unknown"),
        ({"method": "euler"}, "method 'euler' needs num_steps"),
        ({"num_steps": 5}, "num_steps goes with 'euler' and 'rk4'"),
        ({"rtol": -1.0}, "rtol must be positive and is -1"),
        ({"rtol": float("nan")}, "rtol must be positive and is nan"),
        ({"atol": 0.0}, "atol must be positive and is 0"),
        ({"first_step": 0.0}, "first_step must be positive and is 0"),
        ({"max_num_steps": 0}, "max_num_steps must be positive and is 0"),
    ],
)
def test_unknown_and_impossible_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        odeint(lambda t, y: y, tf.ones(2), 0.0, 1.0, **options)


@pytest.mark.parametrize("options", [{}, {"method": "rk4", "num_steps": 3}])
def test_a_time_that_is_not_finite_is_no_success(options):
    with pytest.raises(SolverError, match="not finite"):
        odeint(lambda t, y: -y, tf.ones(2), 0.0, float("nan"), **options)


def test_kernels_of_many_shapes_are_not_taken_for_one_that_is_traced_too_often(caplog):
    with caplog.at_level("WARNING", logger="tensorflow"):
        for size in range(1, 9):
            odeint(lambda t, y: -y, tf.ones(size), 0.0, 1.0)
    assert not [record for record in caplog.records if "retracing" in record.getMessage()]


def test_half_precision_is_refused_with_what_to_do():
    with pytest.raises(TypeError, match="float16: cast it first"):
        odeint(lambda t, y: y, tf.ones(2, tf.float16), 0.0, 1.0)


@pytest.mark.parametrize("mode", ["eager", "graph"])
@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (lambda y: y[:2], "shape (2,)"),
        (lambda y: [y], "['shape (3,)']"),
        (lambda y: tf.reduce_sum(y), "shape ()"),
        (lambda y: None, "NoneType"),
    ],
)
def test_a_slope_unlike_the_state_is_described(mode, returned, words):
    with pytest.raises(ValueError) as caught:
        MODES[mode](lambda: odeint(lambda t, y: returned(y), tf.ones(3), 0.0, 1.0))()
    assert "like the state, shape (3,)" in str(caught.value) and f"returned {words}" in str(caught.value)


def test_times_are_single_numbers():
    with pytest.raises(ValueError, match=r"t1 must be one number and has the shape \(2,\)"):
        odeint(lambda t, y: y, tf.ones(3), 0.0, [0.5, 1.0])


def test_arguments_come_in_a_tuple():
    with pytest.raises(TypeError, match="args must be a tuple"):
        odeint(lambda t, y, rate: rate * y, tf.ones(3), 0.0, 1.0, tf.constant(2.0))
