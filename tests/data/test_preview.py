"""The contact sheet opens as a picture and shows what it should."""

import numpy as np
import pytest
from PIL import Image

from nodes_unet.data.preview import COLOURS, OUTLINE, colour, contact_sheet, overlay
from nodes_unet.data.store import Dataset
from nodes_unet.errors import InputError


def sheet(path):
    with Image.open(path) as file:
        assert file.format == "PNG"
        return np.asarray(file.convert("RGB"))


def shows(picture, shade):
    return (picture == shade).all(axis=-1).mean()


@pytest.mark.parametrize("images", [1, 4, 100])
def test_a_sheet_of_class_masks_opens_and_grows_with_the_images(disc_dataset, tmp_path, images):
    contact_sheet(disc_dataset, tmp_path / "sheet.png", images)
    height, width, _ = sheet(tmp_path / "sheet.png").shape
    assert height == 720
    assert width == pytest.approx(220 * min(images, 20), abs=1)
    assert [file.name for file in tmp_path.iterdir()] == ["sheet.png"]


def test_the_sheet_shows_each_class_in_its_colour(disc_dataset, tmp_path):
    contact_sheet(disc_dataset, tmp_path / "sheet.png")
    picture = sheet(tmp_path / "sheet.png")
    assert all(shows(picture, shade) > 0.002 for shade in COLOURS[:3])
    assert all(shows(picture, shade) == 0 for shade in COLOURS[3:])


def test_a_sheet_of_instance_masks_and_mixed_sizes_opens(store, noise, tmp_path):
    squares = np.kron(np.arange(6, dtype=np.uint16).reshape(2, 3) * 257, np.ones((9, 9), np.uint16))
    train = [noise(0, 18, 27, mask=squares), noise(1, 30, 12, np.uint16)]
    contact_sheet(store(train, train[:1]), tmp_path / "sheet.png")
    assert sheet(tmp_path / "sheet.png").shape[0] == 720
    assert sheet(tmp_path / "sheet.png").std() > 10


def test_an_existing_sheet_is_replaced(disc_dataset, tmp_path):
    (tmp_path / "sheet.png").write_text("old")
    contact_sheet(disc_dataset, tmp_path / "sheet.png", 2)
    assert sheet(tmp_path / "sheet.png").size


def test_a_place_that_cannot_be_written_is_named(disc_dataset, below_a_file):
    with pytest.raises(InputError, match=r"taken/out cannot be written"):
        contact_sheet(disc_dataset, below_a_file)


def test_a_damaged_dataset_is_named_and_no_sheet_is_left(noise_dataset, tmp_path):
    chunk = noise_dataset.file["train/images"].id.get_chunk_info(0)
    content = bytearray(noise_dataset.path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = bytes(chunk.size)
    noise_dataset.file.close()
    noise_dataset.path.write_bytes(content)
    with pytest.raises(InputError, match=r"noise\.h5 is cut short, damaged or no dataset file"):
        contact_sheet(Dataset(noise_dataset.path), tmp_path / "sheet.png")
    assert not (tmp_path / "sheet.png").exists()


def test_labels_have_the_colours_in_turn():
    found = colour(np.array([[0, 1, 2, 5, 6, 65535]], np.uint16))
    np.testing.assert_array_equal(found[0], COLOURS[[0, 1, 2, 5, 1, 5]])


def test_an_overlay_draws_outlines_inside_the_regions_and_nothing_else(noise):
    mask = np.zeros((12, 16), np.uint8)
    mask[3:8, 4:10] = 2
    sample = noise(0, mask=mask)
    outline = np.zeros((12, 16), bool)
    outline[3:8, 4:10] = True
    outline[4:7, 5:9] = False
    found = overlay(sample)
    assert (found[outline] == OUTLINE).all()
    np.testing.assert_array_equal(found[~outline], sample.image[~outline])


def test_outlines_are_seen_on_large_images_too(store, noise, tmp_path):
    mask = np.zeros((1600, 2000), np.uint16)
    mask[200:900, 300:1500] = 3
    contact_sheet(store([noise(0, 1600, 2000, mask=mask)], [noise(1, 1600, 2000, mask=mask)]), tmp_path / "sheet.png")
    red, green, blue = np.moveaxis(sheet(tmp_path / "sheet.png").astype(int), -1, 0)
    bright = (green > 200) & (red < 90) & (blue < 120)
    assert bright.sum() > 300
