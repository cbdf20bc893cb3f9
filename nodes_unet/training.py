"""Training, resumable to the bit, with the best val_loss kept in HDF5 (Li et al. 2021, section 4.1)."""

import json
import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import h5py
import keras
import pandas as pd
import tensorflow as tf

from nodes_unet import checkpoint
from nodes_unet.checkpoint import Description
from nodes_unet.data.batches import Batches
from nodes_unet.devices import devices, jit_compile, scope
from nodes_unet.errors import InputError, SolverWarning, TrainingError
from nodes_unet.files import BEST, HISTORY, RESUME, replacing
from nodes_unet.hdf5 import writing
from nodes_unet.losses import loss as loss_by_name
from nodes_unet.ode import ode_blocks
from nodes_unet.schedule import learning_rate, stops


@dataclass(frozen=True)
class Fitting:
    """How a network is fitted.

    Attributes:
        epochs: at most.
        loss, loss_options: as for `nodes_unet.losses.loss`.
        optimizer: a Keras name.
        learning_rate: of the first epoch.
        early_stopping: epochs since the lowest val_loss after which the training ends, or None.
        plateau: `patience` and `factor` of `nodes_unet.schedule.learning_rate`, or None.
    """

    epochs: int
    loss: str = "categorical_cross_entropy"
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    loss_options: Mapping[str, float] = field(default_factory=dict)
    early_stopping: int | None = None
    plateau: Mapping[str, float] | None = None


def seed_everything(seed: int) -> None:
    """Seeds Python, NumPy and TensorFlow and makes TensorFlow's operations deterministic."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def train(
    description: Description,
    training: Batches,
    validation: Batches,
    fitting: Fitting,
    folder: str | Path,
    *,
    seed: int,
    number_of_devices: int | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.Model:
    """Trains a network, or goes on where an earlier call in the same folder was cut off.

    Each epoch leaves `best.h5` (the checkpoint of the lowest val_loss so far), `resume.h5` (all variables of network
    and optimizer) and `history.csv` complete in the folder. A training that was killed and resumed ends with the same
    weights, bit for bit, as one that was not, on the same machine and versions.

    Args:
        description: the network and what its checkpoint shall say.
        training, validation: batches.
        fitting: epochs, loss and optimizer.
        folder: where the three files are kept.
        seed: of the initial weights, the dropout and the order.
        number_of_devices: copies of the network; by default all GPUs or one CPU. The batch is divided among them.
        callbacks: further Keras callbacks.

    Returns:
        The network as it is after the last epoch (not the best one), compiled.

    Raises:
        TrainingError: the loss became NaN or infinite.
        InputError: a file cannot be written or read, a setting is unknown, or the folder has another training's state
            (more epochs may be asked for).
    """
    folder = Path(folder)
    seed_everything(seed)
    names = devices(number_of_devices)
    with scope(names):
        model = compiled(description, fitting, names)
    identity = json.dumps([asdict(description), seed, asdict(replace(fitting, epochs=0))], sort_keys=True)
    state = _State(model, description, folder, identity)
    state.restore()
    schedule = _Schedule(state, fitting)
    model.fit(
        training.stream(),
        validation_data=validation.stream(),
        initial_epoch=len(state.history),
        epochs=len(state.history) if schedule.ended else fitting.epochs,
        callbacks=[_Order(training), _StopAtNonFinite(), state, _WatchEvaluations(state), schedule, *callbacks],
        verbose=0,
        shuffle=False,
    )
    return model


def recomputed_val_loss(model: keras.Model, path: str | Path, validation: Batches) -> float:
    """The val_loss of a checkpoint, evaluated anew with a network that `train` returned, which gets its weights.

    Raises:
        InputError: the file does not hold weights of this network.
    """
    checkpoint.load_weights(model, path)
    return float(model.evaluate(validation.stream(), verbose=0, return_dict=True)["loss"])


def compiled(description: Description, fitting: Fitting, names: list[str]) -> keras.Model:
    """The network of a description with fresh weights, compiled for training on the named devices.

    Raises:
        InputError: network, loss or optimizer is unknown.
    """
    model = description.build()
    try:
        optimizer = keras.optimizers.get(fitting.optimizer)
    except ValueError as error:
        raise InputError(f"optimizer {fitting.optimizer!r} is not known to Keras: try adam, sgd or rmsprop") from error
    optimizer.learning_rate = fitting.learning_rate
    loss = loss_by_name(fitting.loss, model.output_shape[-1], **fitting.loss_options)
    model.compile(optimizer, loss, jit_compile=jit_compile(names))
    optimizer.build(model.trainable_variables)
    return model


class _Order(keras.callbacks.Callback):
    """Tells the batches which epoch it is."""

    def __init__(self, batches: Batches):
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.epoch = epoch


class _StopAtNonFinite(keras.callbacks.Callback):
    """Ends a training whose loss or solves went wrong; pooling and ReLU may hide the NaN of a solve from the loss."""

    def on_train_batch_end(self, batch, logs=None):
        self._check(logs, "", f"in batch {batch + 1}")

    def on_epoch_end(self, epoch, logs=None):
        self._check(logs, "val_", f"on the validation images after epoch {epoch + 1}")

    def _check(self, logs, prefix, place):
        for block in ode_blocks(self.model):
            if logs[f"{prefix}{block.name}_failed"] > 0:
                raise TrainingError(
                    f"a solve of {block.name} failed {place}: lower learning_rate, raise tolerance or max_num_steps, "
                    "or look for images that are blank or damaged"
                )
        value = logs[f"{prefix}loss"]
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss became {value} {place}: lower learning_rate, or look for images that are blank or damaged"
            )


class _WatchEvaluations(keras.callbacks.Callback):
    """Warns once when an ODE-block needs more than twice the evaluations a solve of the first epoch."""

    def __init__(self, state: "_State"):
        super().__init__()
        self.state, self.warned = state, set()

    def on_epoch_end(self, epoch, logs=None):
        for block in ode_blocks(self.model):
            name = f"{block.name}_nfe"
            early, now = self.state.history[0][name], logs[name]
            if now > 2 * early and name not in self.warned:
                self.warned.add(name)
                warnings.warn(
                    f"{block.name} took {now:.1f} evaluations a solve in epoch {epoch + 1}, {early:.1f} in the first: "
                    "its dynamics become steep; a lower learning_rate or a larger tolerance keeps it fast",
                    SolverWarning,
                    stacklevel=2,
                )


class _Schedule(keras.callbacks.Callback):
    """Sets the learning rate of each epoch and ends the training early."""

    def __init__(self, state: "_State", fitting: Fitting):
        super().__init__()
        self.state, self.fitting = state, fitting

    @property
    def losses(self) -> list[float]:
        return [row["val_loss"] for row in self.state.history]

    @property
    def ended(self) -> bool:
        return bool(self.losses) and stops(self.losses, self.fitting.early_stopping)

    def on_epoch_begin(self, epoch, logs=None):
        if self.fitting.plateau:
            rate = learning_rate(self.fitting.learning_rate, self.losses, **self.fitting.plateau)
            self.model.optimizer.learning_rate = rate

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training |= self.ended


class _State(keras.callbacks.Callback):
    """Keeps the best weights and everything that a resumed training needs, once an epoch."""

    def __init__(self, network: keras.Model, description: Description, folder: Path, identity: str):
        super().__init__()
        self.network, self.description, self.folder, self.identity = network, description, folder, identity
        self.history: list[dict] = []

    def restore(self) -> None:
        path = self.folder / RESUME
        if not path.exists():
            return
        try:
            with h5py.File(path, "r") as file:
                if file.attrs["identity"] != self.identity:
                    raise ValueError("it is of a training with another network, seed or fitting")
                self.history = json.loads(file.attrs["history"])
                for variable, stored in zip(self._variables(), file["variables"].values(), strict=True):
                    variable.assign(stored[()])
        except (OSError, KeyError, ValueError) as error:
            raise InputError(
                f"{path} cannot be resumed from ({error}): remove it to start this training anew"
            ) from error

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        rate = float(keras.ops.convert_to_numpy(self.network.optimizer.learning_rate))
        row = {"epoch": epoch + 1, **{name: float(value) for name, value in logs.items()}, "learning_rate": rate}
        if row["val_loss"] < min((earlier["val_loss"] for earlier in self.history), default=math.inf):
            described = replace(self.description, epoch=epoch + 1, val_loss=row["val_loss"])
            checkpoint.save(self.network, described, self.folder / BEST)
        self.history.append(row | {"seconds": time.perf_counter() - self.began})
        with replacing(self.folder / HISTORY) as temporary:
            pd.DataFrame(self.history).to_csv(temporary, index=False)
        self._write_resume()  # last: what is before it is written again where this is missing

    def _write_resume(self) -> None:
        with writing(self.folder / RESUME) as (file, _):
            for number, variable in enumerate(self._variables()):
                file[f"variables/{number:05d}"] = keras.ops.convert_to_numpy(variable)
            file.attrs["history"] = json.dumps(self.history)
            file.attrs["identity"] = self.identity

    def _variables(self) -> list:
        # model.variables includes the dropout layers' seeds, which no weights file holds
        return [*self.network.variables, *self.network.optimizer.variables]
