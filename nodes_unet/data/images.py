"""Reading image and mask files: 8-bit RGB and label images from whatever bit depth the files have."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import PIL.Image
import skimage.io
from PIL import ExifTags

from nodes_unet.errors import InputError

TIFF = (".tif", ".tiff")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", *TIFF)
MOST_PIXELS = 100_000_000
_CONVERTED = {"1": "L", "P": "RGBA", "PA": "RGBA", "CMYK": "RGB", "YCbCr": "RGB"}  # Pillow's modes
_PHOTOMETRIC = 262  # TIFF tag


def read_image(
    path: str | Path, stretch: tuple[float, float] | None = None, levels: tuple[float, float] | None = None
) -> np.ndarray:
    """Reads an image file.

    Args:
        path: PNG, JPEG, BMP or TIFF file, grey, RGB or RGBA (alpha is dropped), of integers or floats.
        stretch: two percentiles of the image that become 0 and 255; by default the full range of the file's type does,
            0 to 65535 of 16 bits and 0 to 1 of floats, and 8-bit files stay as they are.
        levels: two values that become 0 and 255 in every image, as 0 and 4095 for a camera of 12 bits.

    Returns:
        (H, W, 3) uint8 RGB; palettes, CMYK and YCbCr are brought there by Pillow.

    Raises:
        InputError: the file is missing, cut short, no image, several, stored turned or as a negative, has a shape other
            than (H, W) or (H, W, 1 to 4), or is a TIFF of two channels, or has numbers that are not finite or, with
            neither stretch nor levels, do not say what is black and white: below 0, integers of more than 16 bits,
            floats above 1.
    """
    image_size(path)
    pixels = _decode(path, _read_pixels)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 2, 3, 4):
        raise InputError(f"{path} has the shape {pixels.shape}: expected a grey or RGB image, so export it as one")
    if pixels.shape[2] == 2 and Path(path).suffix.lower() in TIFF:
        raise InputError(f"{path} has 2 channels: export the one to look at in grey, or both as colours of RGB")
    if pixels.shape[2] in (2, 4):
        pixels = pixels[..., :-1]
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise InputError(f"{path} has values that are no finite numbers: put numbers in their place")
    return np.ascontiguousarray(np.broadcast_to(_eight_bit(pixels, stretch, levels, path), (*pixels.shape[:2], 3)))


def read_mask(path: str | Path) -> np.ndarray:
    """Reads a label image: the numbers in the file, palette indices included, as they are.

    Returns:
        (H, W) uint8 or uint16.

    Raises:
        InputError: the file is missing, cut short, no image, a JPEG, stored turned or as a negative, or has more than
            one channel or image.
    """
    image_size(path)
    labels = _decode(path, _read_indices)
    if labels.ndim != 2:
        raise InputError(
            f"{path} has {labels.shape[-1]} channels: a mask needs one label a pixel, so export it in grey"
        )
    if labels.dtype == bool:
        return labels.astype(np.uint8)
    if labels.dtype.kind not in "ui":
        raise InputError(f"{path} holds labels of {labels.dtype}: export it as whole numbers of 8 or 16 bit")
    if labels.min() < 0 or labels.max() > np.iinfo(np.uint16).max:
        raise InputError(f"{path} holds labels outside 0 to 65535: export it as 8 or 16 bit")
    return labels.astype(np.uint8 if labels.dtype == np.uint8 else np.uint16)


def image_files(folder: Path, suffixes: Sequence[str] = SUFFIXES) -> list[Path]:
    """The files of a folder with one of the endings, in either case and sorted by name, but for hidden ones."""
    files = (path for path in sorted(folder.iterdir()) if not path.name.startswith("."))
    return [path for path in files if path.suffix.lower() in suffixes]


def image_size(path: str | Path) -> tuple[int, int]:
    """Height and width of an image file, from its header.

    Raises:
        InputError: the file is missing, no image, holds several, has more than 100 megapixels, or is stored turned or
            as a negative, which programs show in different ways.
    """
    header = _decode(path, _read_header)
    width, height = header.size
    if width * height > MOST_PIXELS:
        raise InputError(f"{path} has {width} x {height} pixels, more than 100 megapixels: cut it into smaller images")
    if header.images > 1:
        raise InputError(f"{path} holds {header.images} images: export the one to look at alone")
    if header.orientation != 1:
        raise InputError(
            f"{path} is stored turned or mirrored (EXIF orientation {header.orientation}): save it upright"
        )
    if header.negative:
        raise InputError(f"{path} is stored as a negative (MinIsWhite): export it with 0 for black")
    return height, width


def _decode(path, read):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)  # image_size has a limit of its own
            return read(Path(path))
    except InputError:
        raise
    except PIL.Image.DecompressionBombError as error:
        raise InputError(f"{path} has more than 100 megapixels: cut it into smaller images") from error
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist: check the name") from error
    except Exception as error:  # decoders raise whatever a broken file makes them stumble over
        raise InputError(
            f"{path} cannot be read as an image ({error}): replace it, or save it in 8 or 16 bit or as 32-bit floats, "
            "grey or RGB"
        ) from error


class _Header(NamedTuple):
    size: tuple[int, int]  # width, height
    images: int
    orientation: int
    negative: bool


def _read_header(path: Path) -> _Header:
    with PIL.Image.open(path) as file:
        is_tiff = file.format == "TIFF"
        images = file.n_frames if is_tiff else 1
        negative = is_tiff and file.tag_v2.get(_PHOTOMETRIC) == 0
        # of the formats of cameras alone: of others Pillow reads the whole file for it
        exif = file.getexif() if file.format in ("JPEG", "TIFF") else {}
        return _Header(file.size, images, exif.get(ExifTags.Base.Orientation, 1), negative)


def _read_pixels(path: Path) -> np.ndarray:
    with PIL.Image.open(path) as file:
        if file.mode in _CONVERTED:
            return np.asarray(file.convert(_CONVERTED[file.mode]))
    return skimage.io.imread(path)


def _read_indices(path: Path) -> np.ndarray:
    with PIL.Image.open(path) as file:
        if file.format == "JPEG":
            raise InputError(f"{path} is a JPEG, which changes numbers: export the mask as PNG or TIFF")
        return np.asarray(file)


def _eight_bit(pixels: np.ndarray, stretch: tuple | None, levels: tuple | None, path: str | Path) -> np.ndarray:
    if levels is not None:
        low, high = levels
    elif stretch is not None:
        low, high = np.percentile(pixels, stretch)
    elif pixels.dtype == np.uint8:
        return pixels
    else:
        low, high = 0.0, 1.0 if pixels.dtype.kind in "bf" else float(np.iinfo(pixels.dtype).max)
        if high > np.iinfo(np.uint16).max or pixels.min() < low or pixels.max() > high:
            raise InputError(
                f"{path} has values of {pixels.dtype} from {pixels.min():g} to {pixels.max():g}, which do not say what "
                "is black and white: export it in 8 or 16 bit, or give --levels"
            )
    scaled = (pixels.astype(np.float64) - low) * (255.0 / (high - low or 1.0))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
