"""The errors that users of the library meet."""


class InputError(ValueError):
    """Input from outside that cannot be used.

    The message is one sentence that names the file, the row or the setting and says what to do; the command line
    prints it as it is and ends with exit code 2.
    """


class TrainingError(RuntimeError):
    """A training that cannot go on, such as one whose loss is no longer finite; the message is one sentence."""


class SolverError(ArithmeticError):
    """An ODE that could not be integrated; the message says what happened, at which t, and what to try."""


class SolverWarning(RuntimeWarning):
    """An ODE that takes more and more steps; the message is one sentence."""
