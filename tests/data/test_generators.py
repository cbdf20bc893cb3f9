"""What holds for every synthetic generator: reproducible to the byte anywhere, of any shape, with labels that agree."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from nodes_unet.data.fluorescence import SLICE_SHAPE, brain_slice
from nodes_unet.data.neuron import FIELD_SHAPE, neural_cells
from nodes_unet.data.smear import SMEAR_SHAPE, blood_smear


@dataclass(frozen=True)
class Generator:
    """A generator, and what to draw with it.

    Attributes:
        draw: of a seed and a shape.
        quick: a shape (H, W) that shows cells and is drawn quickly.
        small: a shape that cuts most cells.
        elsewhere: seeds for another process.
        digests: of images by seed and shape.
    """

    draw: Callable
    quick: tuple[int, int]
    small: tuple[int, int]
    elsewhere: Sequence[int]
    digests: Sequence[tuple]


GENERATORS = [
    Generator(
        blood_smear,
        quick=(256, 256),
        small=(64, 64),
        elsewhere=range(5),
        digests=[
            (1, SMEAR_SHAPE, "3955a405ac4049c3b09b8a1eab7ad4b2b1d83e30dc3c633550a8981a28b9385c"),
            (45, (256, 256), "1c3717f63656746c84a9272d213e5c08f0bc5575d913166e6a53bcc8549fbb2c"),
            ([2, 5], (64, 64), "4860be22b25543b5ace2420a7f158e19bf2dd486ed807211b5c4059f833ed273"),
            (3, (100, 301), "a1b7f2690cfa2f05f85b63a1af6d5cd51a9642db128bcac149c8bed6a9f7dbc6"),
        ],
    ),
    Generator(
        neural_cells,
        quick=(260, 352),
        small=(64, 64),
        elsewhere=range(4),
        digests=[
            (0, FIELD_SHAPE, "96263e1b5be61d7999a4ae8b1159c5640d54668a56cfa4e7b1b5bc8385f26054"),
            (1, (256, 256), "b871a19d865e28089b7e179390ccce31515377c1cb59a98a44c432fe71709509"),
            ([2, 5], (64, 64), "9637478238ebe31a4d8fd1e112e63e1fea6f33ce71713f451b03c63c9eba878b"),
            (3, (100, 301), "43711ffeb5a006ef1ba664b6baf9a7fee0ae652a00583c604ee736f461cff51c"),
        ],
    ),
    Generator(
        brain_slice,
        quick=(600, 800),
        small=(160, 160),
        elsewhere=[8, 11, 0],  # with a stripe; with many cells
        digests=[
            (1, SLICE_SHAPE, "3e144976567e7fa720f1fc2a955cf1f016652ab8f1e812462184027a622c8014"),
            (45, (256, 256), "b6472a2357d3ef3fbcaa85c95fc7a004dfe83822a745f50e196019a9a1b2e223"),
            ([2, 5], (128, 128), "486f8eda1b608c4c16db0847a982daf1dfd1d9774723b0fa3655039e51eadb9e"),
            (3, (200, 301), "01862f5297438d76038b7e7645651bf8b21f610e87c30a9cf5f857bffaa1b755"),
        ],
    ),
]
every_generator = pytest.mark.parametrize("generator", GENERATORS, ids=lambda generator: generator.draw.__name__)


def digest(drawn) -> str:
    """Digest of an image and of all that is known of it."""
    return hashlib.sha256(b"".join(part.tobytes() for part in drawn)).hexdigest()


@pytest.mark.parametrize(
    ("draw", "seed", "shape", "expected"),
    [(generator.draw, *known) for generator in GENERATORS for known in generator.digests],
)
def test_a_seed_gives_the_same_bytes_for_good(draw, seed, shape, expected):
    """Results on these images can be compared from version to version; a change of the generator shows here."""
    assert digest(draw(seed, shape)) == expected


@every_generator
def test_a_number_and_a_sequence_of_one_number_are_the_same_seed(generator):
    """No state outlives a call."""
    first = digest(generator.draw(7, generator.quick))
    assert first == digest(generator.draw(7, generator.quick))
    assert first == digest(generator.draw([7], generator.quick))


@every_generator
@pytest.mark.parametrize(("one", "other"), [(7, 8), ([7, 0], [7, 1])])
def test_seeds_give_different_images(generator, one, other):
    """Every part of a seed counts."""
    first, second = generator.draw(one, generator.quick), generator.draw(other, generator.quick)
    assert (first.mask != second.mask).any()
    assert (first.image != second.image).mean() > 0.5


@every_generator
def test_another_process_with_narrower_vectors_gives_the_same_images(generator):
    """Neither hash seed, threads nor the processor's vector units change a byte."""
    seeds, draw = list(generator.elsewhere), generator.draw
    program = f"""
import hashlib
from {draw.__module__} import {draw.__name__} as draw
for seed in {seeds}:
    print(hashlib.sha256(b"".join(part.tobytes() for part in draw(seed, {generator.quick}))).hexdigest())
"""
    vectors = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    environment = os.environ | {
        "PYTHONHASHSEED": "1",
        "NPY_DISABLE_CPU_FEATURES": " ".join(vectors),
        "OPENCV_CPU_DISABLE": "AVX2,AVX,FP16,SSE4.2,SSE4.1",
        "OPENCV_FOR_THREADS_NUM": "1",
        "OPENBLAS_CORETYPE": "Prescott",
    }
    command = [sys.executable, "-B", "-c", program]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == [digest(draw(seed, generator.quick)) for seed in seeds]


@every_generator
@pytest.mark.parametrize("shape", ["quick", "small", (256, 256), (200, 301)])
def test_shapes_and_types(generator, shape):
    """Any shape, with the types that the data set store expects."""
    shape = getattr(generator, shape) if isinstance(shape, str) else shape
    drawn = generator.draw(3, shape)
    assert (drawn.image.shape, drawn.image.dtype) == ((*shape, 3), np.uint8)
    assert (drawn.mask.shape, drawn.mask.dtype) == (shape, np.uint8)
    assert (drawn.instances.shape, drawn.instances.dtype) == (shape, np.uint16)


@every_generator
@pytest.mark.parametrize(("shape", "seeds"), [("quick", 10), ("small", 60)])
def test_mask_and_instances_agree(generator, shape, seeds):
    """Both labels tell the same story, and numbers have no gaps, on small images with hidden and cut cells too."""
    for seed in range(seeds):
        drawn = generator.draw(seed, getattr(generator, shape))
        np.testing.assert_array_equal(drawn.mask > 0, drawn.instances > 0)
        numbers = np.unique(drawn.instances[drawn.instances > 0])
        np.testing.assert_array_equal(numbers, np.arange(1, numbers.size + 1))
