"""What may be wrong with an image: blur, noise, light, stain and compression, each in levels.

Li et al. 2021 show smears "with blurring and noise" (Figure 8) and give no numbers on them.
"""

import cv2
import numpy as np
from skimage.color import rgb2hed, rgb_from_hed

_LOG_UNIT = np.log(1e-6)  # of the stains as scikit-image gives them: 1 lets a millionth of the light pass


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur with a standard deviation in pixels."""
    return cv2.GaussianBlur(image, (0, 0), sigma)


def noise(image: np.ndarray, deviation: float) -> np.ndarray:
    """Gaussian noise with a standard deviation in grey levels, the same for the same size of image."""
    added = np.random.default_rng(0).normal(0, deviation, image.shape)
    return _to_uint8(image + added)


def darken(image: np.ndarray, share: float) -> np.ndarray:
    """All grey levels less a share of themselves."""
    return _to_uint8((1 - share) * image.astype(np.float64))


def stain(image: np.ndarray, share: float) -> np.ndarray:
    """Haematoxylin stronger and eosin weaker by a share (colour deconvolution of Ruifrok & Johnston 2001)."""
    change = rgb2hed(image) * [share, -share, 0]
    return _to_uint8(image * np.exp(_LOG_UNIT * change @ rgb_from_hed))


def jpeg(image: np.ndarray, loss: float) -> np.ndarray:
    """JPEG compression of the quality 100 - loss."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(100 - loss)]
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)
    return cv2.cvtColor(cv2.imdecode(encoded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


PERTURBATIONS = {"blur": blur, "noise": noise, "darken": darken, "stain": stain, "jpeg": jpeg}
UNITS = {
    "blur": "sigma, px",
    "noise": "standard deviation, grey levels",
    "darken": "share of light lost",
    "stain": "share of haematoxylin gained and eosin lost",
    "jpeg": "100 - JPEG quality (0: no JPEG)",
}


def _to_uint8(values: np.ndarray) -> np.ndarray:
    return values.round().clip(0, 255).astype(np.uint8)
