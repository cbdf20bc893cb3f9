"""Tests of signals that are held back."""

import contextlib
import signal
import threading

import pytest

from nodes_unet.signals import HeldSignals


@pytest.fixture
def came():
    """The signals that a handler has been called with; the handlers of before come back."""
    numbers = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda number, _: numbers.append(number))
    yield numbers
    for number, handler in before.items():
        signal.signal(number, handler)


def test_signals_wait_until_they_are_delivered_or_the_block_ends(came):
    with HeldSignals() as held:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert came == []
        held.deliver()
        assert len(came) == 1
    assert sorted(came) == [signal.SIGINT, signal.SIGTERM]
    signal.raise_signal(signal.SIGTERM)
    assert came[2:] == [signal.SIGTERM], "afterwards nothing is held"


def test_an_exception_in_the_block_holds_no_signal_longer(came):
    with contextlib.suppress(ValueError), HeldSignals():
        signal.raise_signal(signal.SIGTERM)
        raise ValueError
    assert came == [signal.SIGTERM]


def test_an_inner_block_passes_signals_on_to_the_outer_one(came):
    with HeldSignals():
        with HeldSignals():
            signal.raise_signal(signal.SIGTERM)
        assert came == []
    assert came == [signal.SIGTERM]


def test_an_ignored_signal_stays_ignored(came):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with HeldSignals() as held:
        signal.raise_signal(signal.SIGTERM)
        held.deliver()
    assert came == []
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_another_thread_holds_nothing_and_fails_nothing(came):
    def enter():
        with HeldSignals():
            signal.raise_signal(signal.SIGTERM)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert came == [signal.SIGTERM]
