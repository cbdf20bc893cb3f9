"""Reading image and mask files: 8-bit RGB and label images from whatever bit depth the files have."""

import warnings
from pathlib import Path

import numpy as np
import PIL.Image
import skimage.io

from nodes_unet.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
MOST_PIXELS = 100_000_000


def read_image(path: str | Path, stretch: tuple[float, float] | None = None) -> np.ndarray:
    """Reads an image file.

    Args:
        path: PNG, JPEG, BMP or TIFF file, grey, RGB or RGBA (alpha is dropped), of any integer or float type.
        stretch: two percentiles that become 0 and 255; by default the full range of the file's type does
            (0 to 1 for float files), and 8-bit files stay as they are.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        InputError: the file is missing, cut short, no image, or has a shape other than (H, W) or (H, W, 1 to 4).
    """
    image_size(path)
    pixels = _decode(path, skimage.io.imread)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 2, 3, 4):
        raise InputError(f"{path} has the shape {pixels.shape}: expected a grey or RGB image, so export it as one")
    if pixels.shape[2] in (2, 4):
        pixels = pixels[..., :-1]
    return np.ascontiguousarray(np.broadcast_to(_eight_bit(pixels, stretch), (*pixels.shape[:2], 3)))


def read_mask(path: str | Path) -> np.ndarray:
    """Reads a label image: the numbers in the file, palette indices included, as they are.

    Returns:
        (H, W) uint8 or uint16.

    Raises:
        InputError: the file is missing, cut short, no image, or has more than one channel.
    """
    image_size(path)
    labels = _decode(path, _read_indices)
    if labels.ndim != 2:
        raise InputError(
            f"{path} has {labels.shape[-1]} channels: a mask needs one label a pixel, so export it in grey"
        )
    if labels.dtype == bool:
        return labels.astype(np.uint8)
    if labels.dtype.kind not in "ui" or labels.min() < 0 or labels.max() > np.iinfo(np.uint16).max:
        raise InputError(f"{path} holds labels outside 0 to 65535: export it as 8 or 16 bit")
    return labels.astype(np.uint8 if labels.dtype == np.uint8 else np.uint16)


def image_size(path: str | Path) -> tuple[int, int]:
    """Height and width of an image file, from its header.

    Raises:
        InputError: the file is missing, no image, or has more than 100 megapixels.
    """
    width, height = _decode(path, lambda file: _open(file).size)
    if width * height > MOST_PIXELS:
        raise InputError(f"{path} has {width} x {height} pixels, more than 100 megapixels: cut it into smaller images")
    return height, width


def _decode(path, read):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)  # image_size has a limit of its own
            return read(Path(path))
    except PIL.Image.DecompressionBombError as error:
        raise InputError(f"{path} has more than 100 megapixels: cut it into smaller images") from error
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist: check the name") from error
    except Exception as error:  # decoders raise whatever a broken file makes them stumble over
        raise InputError(f"{path} cannot be read as an image ({error}): replace the file") from error


def _open(path: Path) -> PIL.Image.Image:
    with PIL.Image.open(path) as file:
        return file


def _read_indices(path: Path) -> np.ndarray:
    with PIL.Image.open(path) as file:
        return np.asarray(file)


def _eight_bit(pixels: np.ndarray, stretch: tuple[float, float] | None) -> np.ndarray:
    if stretch is not None:
        low, high = np.percentile(pixels, stretch)
    elif pixels.dtype == np.uint8:
        return pixels
    elif pixels.dtype == bool or pixels.dtype.kind == "f":
        low, high = 0.0, 1.0
    else:
        low, high = 0.0, float(np.iinfo(pixels.dtype).max)
    scaled = (pixels.astype(np.float64) - low) * (255.0 / (high - low or 1.0))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
