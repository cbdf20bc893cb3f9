"""The synthetic neural cells: reproducible, labelled exactly, and no easier than phase contrast is."""

import cv2
import numpy as np
import pytest

from nodes_unet.data.neuron import CLASSES, FIELD_SHAPE, Field, neural_cells

# A quarter of a field: quicker, at the same scale.
QUARTER = (260, 352)


@pytest.fixture(scope="module")
def fields() -> list[Field]:
    """Twenty quarter fields, drawn once for all tests."""
    return [neural_cells(seed, QUARTER) for seed in range(20)]


@pytest.fixture(scope="module")
def small_masks() -> np.ndarray:
    """Masks (80, 128, 128) of small fields."""
    return np.array([neural_cells(seed, (128, 128)).mask for seed in range(80)])


def disc(radius: int) -> np.ndarray:
    """Structuring element."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def far_from_cells(field: Field, distance: int) -> np.ndarray:
    """Background (H, W) bool at least so many pixels from every label."""
    return cv2.dilate(field.mask, disc(distance)) == 0


def somas(field: Field) -> np.ndarray:
    """Thick parts (H, W) bool of the cells, without their processes."""
    return cv2.morphologyEx(field.mask, cv2.MORPH_OPEN, disc(5)).view(bool)


def best_threshold_iou(fields: list[Field]) -> float:
    """Pooled IoU of the best single grey threshold, the best for cells darker or brighter than it."""
    greys = [
        sum(np.bincount(field.image[..., 0][field.mask == label], minlength=256) for field in fields)
        for label in (0, 1)
    ]
    ious = []
    for direction in (1, -1):
        false, true = (np.cumsum(counts[::direction]) for counts in greys)
        ious.append((true / (greys[1].sum() + false)).max())
    return max(ious)


def test_the_classes_and_the_size_of_the_papers_images():
    assert CLASSES == ("background", "neuron")
    assert FIELD_SHAPE == (520, 704)


def test_images_are_grey(fields):
    """Three equal channels."""
    for field in fields:
        assert (field.image == field.image[..., :1]).all()


def test_the_share_of_the_cells_varies_about_a_mean(fields):
    """Sparse and dense cultures; none is empty or full."""
    shares = np.array([field.mask.mean() for field in fields])
    assert 0.12 < shares.mean() < 0.18
    assert shares.min() > 0.02
    assert shares.max() < 0.35
    assert np.ptp(shares) > 0.1


def test_the_share_of_the_cells_is_that_of_a_field_on_small_images(small_masks):
    """An image drawn at crop size has the share of a crop, though single ones may be nearly empty."""
    assert 0.12 < small_masks.mean() < 0.18


def test_an_instance_is_one_cell_and_not_several(fields):
    """Nearly all are in one part, some are cut by a process over them; sizes are those of cells."""
    parts, areas = [], []
    for field in fields[:8]:
        for number in range(1, int(field.instances.max()) + 1):
            cell = field.instances == number
            parts.append(cv2.connectedComponents(cell.view(np.uint8))[0] - 1)
            areas.append(np.count_nonzero(cell))
    assert np.mean(np.array(parts) == 1) > 0.7
    assert np.mean(np.array(parts) <= 3) > 0.95
    assert 300 < np.median(areas) < 1500
    assert max(areas) < 6000


def test_cells_have_bodies_and_thin_processes(fields):
    """Cells reach far beyond a disc of their area, by parts a few pixels wide."""
    for field in fields[:8]:
        thin = field.mask.view(bool) & ~cv2.dilate(somas(field).view(np.uint8), disc(3)).view(bool)
        assert 0.1 < np.count_nonzero(thin) / np.count_nonzero(field.mask) < 0.8
        assert somas(field).any()


def test_cells_are_as_frequent_at_the_border_as_inside(small_masks):
    """The border cuts cells like a window into a field without end, on every side."""
    inside = small_masks[:, 32:-32, 32:-32].mean()
    for side in (np.s_[:, :16], np.s_[:, -16:], np.s_[:, :, :16], np.s_[:, :, -16:]):
        assert abs(small_masks[side].mean() / inside - 1) < 0.25
    border = np.mean([small_masks[:, [0, -1]].mean(), small_masks[:, :, [0, -1]].mean()])
    assert abs(border / inside - 1) < 0.15


def test_no_grey_threshold_finds_the_cells(fields):
    """Neither over all fields, nor in most of them with a threshold of their own."""
    assert best_threshold_iou(fields) < 0.6
    assert np.median([best_threshold_iou([field]) for field in fields]) < 0.7


def test_cells_differ_from_the_background(fields):
    """Not hopeless either: grey values vary several times as much on the cells as beside them."""
    ratios = []
    for field in fields:
        grey = cv2.GaussianBlur(field.image[..., 0], (0, 0), 1).astype(float)
        detail = grey - cv2.blur(grey, (31, 31))
        ratios.append(detail[field.mask == 1].std() / detail[far_from_cells(field, 12)].std())
    assert np.median(ratios) > 2
    assert min(ratios) > 1


def test_labels_lie_exactly_on_the_cells(fields):
    """A label image shifted by one pixel fits worse."""
    contrast = {
        (down, right): sum(
            np.corrcoef(np.roll(field.mask, (down, right), (0, 1)).ravel(), field.image[..., 0].ravel())[0, 1]
            for field in fields
        )
        for down in (-1, 0, 1)
        for right in (-1, 0, 1)
    }
    assert min(contrast, key=contrast.get) == (0, 0)


def test_somas_have_bright_halos(fields):
    """The background just outside of a soma is brighter than elsewhere."""
    differences = []
    for field in fields:
        grey = field.image[..., 0].astype(float)
        body = somas(field).view(np.uint8)
        ring = (cv2.dilate(body, disc(4)) > 0) & (field.mask == 0)
        differences.append(grey[ring].mean() - np.median(grey[field.mask == 0]))
    assert np.mean(differences) > 3
    assert np.mean(np.array(differences) > 0) > 0.9


def test_debris_is_labelled_background(fields):
    """Some background far from every cell stands out of the noise, in compact spots smaller than a cell."""
    areas = []
    for field in fields:
        grey = cv2.GaussianBlur(field.image[..., 0], (0, 0), 1).astype(float)
        detail = np.abs(grey - cv2.blur(grey, (31, 31)))
        far = far_from_cells(field, 6)
        spots = far & (detail > 5 * np.median(detail[far]) / 0.6745)
        _, _, statistics, _ = cv2.connectedComponentsWithStats(spots.view(np.uint8))
        areas.extend(statistics[1:, cv2.CC_STAT_AREA])
    areas = np.array(areas)
    assert np.count_nonzero(areas > 8) > 20
    assert np.quantile(areas, 0.99) < 400


def test_light_contrast_and_noise_vary_from_field_to_field(fields):
    """A network cannot rely on one shade of grey."""
    background = np.array([np.median(field.image[field.mask == 0]) for field in fields])
    spread = np.array([field.image.std() for field in fields])
    assert ((background > 80) & (background < 190)).all()
    assert background.std() > 5
    assert spread.max() > 1.5 * spread.min()
    assert spread.min() > 3
