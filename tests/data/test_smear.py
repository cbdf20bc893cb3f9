"""The synthetic smears: reproducible, labelled exactly, and stained cells to look at."""

import cv2
import numpy as np
import pytest

from nodes_unet.data.smear import CLASSES, SMEAR_SHAPE, Smear, blood_smear

BACKGROUND, WHITE, RED = range(3)
GREEN, BLUE = 1, 2
# Background, white, red in the test set of Li et al. 2021.
PAPER_SHARES = np.array([0.437, 0.085, 0.478])


@pytest.fixture(scope="module")
def smears() -> list[Smear]:
    """Sixty smears, drawn once for all tests."""
    return [blood_smear(seed) for seed in range(60)]


def shares(mask: np.ndarray) -> np.ndarray:
    """Shares of the three classes among the pixels."""
    return np.bincount(mask.ravel(), minlength=3) / mask.size


def whole_cells(smear: Smear, label: int, isolated: bool):
    """Yield the region of every cell that the border does not cut; isolated ones touch no other cell."""
    for number in np.unique(smear.instances[smear.mask == label]):
        cell = smear.instances == number
        if cell[[0, -1]].any() or cell[:, [0, -1]].any():
            continue
        around = cv2.dilate(cell.view(np.uint8), np.ones((5, 5), np.uint8)).view(bool) & ~cell
        if not (isolated and smear.mask[around].any()):
            yield cell


def depth_inside(cell: np.ndarray) -> np.ndarray:
    """Distance from the outside as a fraction of the largest."""
    distance = cv2.distanceTransform(cell.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return distance / distance.max()


def density(smear: Smear, channel: int) -> np.ndarray:
    """Optical density of a colour channel above that of the background."""
    light = smear.image[..., channel].astype(float)
    return np.log(np.median(light[smear.mask == BACKGROUND]) / np.maximum(light, 1))


def test_the_classes_are_those_of_the_paper():
    """Readers of the paper find its classes in its order, and the size of its smears."""
    assert CLASSES == ("background", "white", "red")
    assert SMEAR_SHAPE == (519, 775)


@pytest.mark.parametrize(("shape", "seeds"), [(SMEAR_SHAPE, 6), ((256, 256), 20), ((64, 64), 150)])
def test_a_cell_has_one_class(shape, seeds):
    """White or red, on small images with hidden and cut cells too."""
    for seed in range(seeds):
        smear = blood_smear(seed, shape)
        assert smear.mask.max() <= RED
        pairs = np.unique(smear.instances.astype(int) * 4 + smear.mask)
        assert np.unique(pairs // 4).size == pairs.size


def test_no_background_left_under_a_white_cell_that_fills_the_image():
    """Drawing ends where white cells leave no room for red ones."""
    filled = [seed for seed in range(60) if (blood_smear(seed, (40, 40)).mask == WHITE).all()]
    assert filled


def test_an_instance_is_one_cell_and_not_several(smears):
    """Red cells are as wide as in a 775x519 smear, and no number covers two cells."""
    sizes = [np.bincount(smear.instances.ravel())[1:] for smear in smears]
    assert max(size.max() for size in sizes) < 20_000  # a monocyte of 140 x 140 pixels in its square
    reds = [np.count_nonzero(cell) for smear in smears[:4] for cell in whole_cells(smear, RED, isolated=True)]
    widths = np.sqrt(np.array(reds) * 4 / np.pi)
    assert 60 < np.median(widths) < 72
    assert widths.std() > 2


def test_class_shares_of_smears_are_those_of_the_paper(smears):
    """The mean is the paper's while single smears vary."""
    each = np.array([shares(smear.mask) for smear in smears])
    np.testing.assert_allclose(each.mean(axis=0), PAPER_SHARES, atol=0.02)
    assert (each.std(axis=0) > 0.03).all()


def test_class_shares_of_small_smears_are_those_of_the_paper():
    """A smear drawn at crop size has the shares of a crop."""
    each = [shares(blood_smear(seed, (256, 256)).mask) for seed in range(120)]
    np.testing.assert_allclose(np.mean(each, axis=0), PAPER_SHARES, atol=0.025)


def test_class_shares_are_the_same_in_the_corners_and_in_the_middle(smears):
    """Cells are as frequent near the border as elsewhere."""
    corners = [(slice(0, 256), slice(0, 256)), (slice(-256, None), slice(-256, None))]
    in_corners = np.mean([shares(smear.mask[corner]) for smear in smears for corner in corners], axis=0)
    in_middle = np.mean([shares(smear.mask[130:386, 260:516]) for smear in smears], axis=0)
    np.testing.assert_allclose(in_corners, in_middle, atol=0.04)


def test_the_number_of_white_cells_varies(smears):
    """From nearly none to several."""
    numbers = [np.unique(smear.instances[smear.mask == WHITE]).size for smear in smears]
    assert min(numbers) <= 1
    assert max(numbers) >= 5


def test_the_border_cuts_cells_of_both_kinds_on_every_side(smears):
    """No side is kept free of cells."""
    for side in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        for label in (WHITE, RED):
            cut = [np.count_nonzero(smear.mask[side] == label) for smear in smears]
            assert np.count_nonzero(cut) > 10


def test_labels_lie_exactly_on_the_cells(smears):
    """A label image shifted by one pixel fits worse."""
    smear = smears[1]
    dark = density(smear, GREEN)
    contrast = {
        (down, right): np.corrcoef(np.roll(smear.mask > 0, (down, right), (0, 1)).ravel(), dark.ravel())[0, 1]
        for down in (-1, 0, 1)
        for right in (-1, 0, 1)
    }
    assert max(contrast, key=contrast.get) == (0, 0)


def test_red_cells_are_paler_in_the_middle(smears):
    """Central pallor: less haemoglobin, more light."""
    lighter = []
    for smear in smears[:5]:
        dark = cv2.medianBlur(smear.image[..., GREEN], 5)
        for cell in whole_cells(smear, RED, isolated=True):
            depth = depth_inside(cell)
            lighter.append(np.median(dark[depth > 0.85]) - np.median(dark[cell & (depth > 0.15) & (depth < 0.4)]))
    assert len(lighter) > 20
    assert np.mean(np.array(lighter) > 8) > 0.95


def test_overlapping_red_cells_multiply_their_transmissions(smears):
    """A rim alone has some density; where two rims lie one on the other it doubles."""
    ratios = []
    for smear in smears[:8]:
        dark = cv2.medianBlur(density(smear, GREEN).astype(np.float32), 5)
        alone = np.zeros(smear.mask.shape, bool)
        for cell in whole_cells(smear, RED, isolated=True):
            alone |= cell
        single = np.quantile(dark[alone], 0.8)
        overlapping = dark[(smear.mask == RED) & ~alone]
        doubled = overlapping[(overlapping > 1.5 * single) & (overlapping < 2.7 * single)]
        ratios.append((doubled.size / overlapping.size, np.median(doubled) / single))
    frequency, ratio = np.mean(ratios, axis=0)
    assert frequency > 0.03
    assert 1.75 < ratio < 2.15


def test_white_cells_lie_on_top(smears):
    """Red cells drawn over a white one would take bites out of its region."""
    for smear in smears[:8]:
        for cell in whole_cells(smear, WHITE, isolated=False):
            outlines, _ = cv2.findContours(cell.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            around = cv2.dilate(cell.view(np.uint8), np.ones((5, 5), np.uint8)).view(bool) & ~cell
            if not (smear.mask[around] == WHITE).any():
                assert np.count_nonzero(cell) > 0.9 * cv2.contourArea(cv2.convexHull(np.vstack(outlines)))


def test_nuclei_are_dark_purple_in_a_pale_cytoplasm(smears):
    """One to several lobes, in small and in large amounts of cytoplasm."""
    shares_of_nuclei, lobes = [], []
    for smear in smears[:20]:
        for cell in whole_cells(smear, WHITE, isolated=False):
            if np.count_nonzero(cell) < 4000:
                continue
            green = cv2.medianBlur(smear.image[..., GREEN], 5)
            threshold, _ = cv2.threshold(green[cell], 0, 255, cv2.THRESH_OTSU)
            nucleus = cell & (green <= threshold)
            cytoplasm = cell & ~nucleus
            assert np.median(green[cytoplasm]) - np.median(green[nucleus]) > 50
            red, middle, blue = np.median(smear.image[nucleus], axis=0)
            assert middle < red < blue
            shares_of_nuclei.append(np.count_nonzero(nucleus) / np.count_nonzero(cell))
            core = cv2.erode(nucleus.view(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (17, 17)))
            lobes.append(cv2.connectedComponents(core)[0] - 1)
    assert min(shares_of_nuclei) > 0.12
    assert max(shares_of_nuclei) < 0.85
    assert np.ptp(shares_of_nuclei) > 0.25, "one kind of white cell only"
    assert {1, 2, 3} <= set(lobes)


def test_platelets_are_purple_and_labelled_background(smears):
    """Compact dark spots far from every cell, larger than grains of precipitate."""
    platelets = []
    for smear in smears[:20]:
        far = cv2.erode((smear.mask == BACKGROUND).view(np.uint8), np.ones((9, 9), np.uint8))
        purple = density(smear, GREEN) - density(smear, BLUE)  # blind to uneven light
        spots = far * (cv2.GaussianBlur(purple, (0, 0), 1.5) > 0.08)
        count, _, statistics, _ = cv2.connectedComponentsWithStats(spots)
        numbers = [spot for spot in range(1, count) if statistics[spot, cv2.CC_STAT_AREA] > 60]
        for spot in numbers:
            left, top, width, height = statistics[spot, :4]
            patch = smear.image[top : top + height, left : left + width].reshape(-1, 3).mean(axis=0)
            colour = patch / np.median(smear.image[smear.mask == BACKGROUND], axis=0)
            platelets.append((max(width, height), colour.argmin() == GREEN, colour.argmax() == BLUE))
    sizes, green_lowest, blue_highest = np.array(platelets).T
    assert len(platelets) > 15
    assert sizes.max() < 60
    assert green_lowest.mean() > 0.9
    assert blue_highest.mean() > 0.9


def test_stain_and_light_vary_from_smear_to_smear(smears):
    """A network cannot rely on one shade of pink."""
    sparse = [(smear.image[::4, ::4], smear.mask[::4, ::4]) for smear in smears]
    background, red = (
        np.array([np.median(image[mask == label], axis=0) for image, mask in sparse]) for label in (BACKGROUND, RED)
    )
    assert (background > 150).all()
    assert (background.std(axis=0) > 3).all()
    assert (background[:, 0] / background[:, BLUE]).std() > 0.02
    assert np.log(background / red).std(axis=0)[GREEN] > 0.05


def test_illumination_is_uneven_and_noise_is_present(smears):
    """Vignetting differs between smears; no image is free of noise."""
    falloff, noise = [], []
    for smear in smears[:20]:
        green = smear.image[..., GREEN].astype(float)
        clear = cv2.erode((smear.mask == BACKGROUND).view(np.uint8), np.ones((9, 9), np.uint8)).view(bool)
        rows, columns = np.ogrid[-1:1:519j, -1:1:775j]
        outer = rows**2 + columns**2 > 0.9
        falloff.append(np.median(green[clear & ~outer]) - np.median(green[clear & outer]))
        steps = np.diff(green, axis=1)[clear[:, 1:] & clear[:, :-1]]
        noise.append(np.median(np.abs(steps)) * 1.4826 / np.sqrt(2))
    assert np.mean(falloff) > 2
    assert np.ptp(falloff) > 4
    assert min(noise) > 0.5
    assert max(noise) < 4
