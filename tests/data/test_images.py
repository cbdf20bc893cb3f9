"""Image and mask files of all the kinds that microscopes and labelling tools write, whole and broken."""

import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image

from nodes_unet.data.images import image_size, read_image, read_mask
from nodes_unet.errors import InputError

COLOURS = np.random.default_rng(0).integers(0, 256, (20, 30, 4), np.uint8)
LABELS = np.random.default_rng(1).integers(0, 5, (20, 30), np.uint8)


def grey(image):
    """The one channel of a grey RGB image."""
    assert (image.dtype, image.shape[2:]) == (np.uint8, (3,))
    np.testing.assert_array_equal(image, np.repeat(image[..., :1], 3, axis=2))
    return image[..., 0]


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".TIFF"])
def test_8_bit_colours_stay_as_they_are(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(COLOURS[..., :3].copy()).save(path)
    np.testing.assert_array_equal(read_image(path), COLOURS[..., :3])


def test_a_jpeg_is_what_pillow_decodes(tmp_path):
    Image.fromarray(COLOURS[..., :3].copy()).save(tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as decoded:
        np.testing.assert_array_equal(read_image(tmp_path / "a.jpg"), np.asarray(decoded))


def test_8_bit_grey_becomes_rgb(tmp_path):
    Image.fromarray(COLOURS[..., 0].copy()).save(tmp_path / "a.png")
    np.testing.assert_array_equal(grey(read_image(tmp_path / "a.png")), COLOURS[..., 0])


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_alpha_is_dropped(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(COLOURS).save(path)
    np.testing.assert_array_equal(read_image(path), COLOURS[..., :3])


def test_alpha_of_grey_is_dropped(tmp_path):
    Image.frombytes("LA", (30, 20), COLOURS[..., :2].tobytes()).save(tmp_path / "a.png")
    np.testing.assert_array_equal(grey(read_image(tmp_path / "a.png")), COLOURS[..., 0])


def test_of_two_channels_of_a_microscope_none_is_dropped_unasked(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", COLOURS[..., :2], photometric="minisblack", planarconfig="contig")
    with pytest.raises(InputError, match=r"a\.tif has 2 channels: export the one to look at in grey"):
        read_image(tmp_path / "a.tif")


def test_colours_that_are_stored_one_after_the_other_are_colours(tmp_path):
    planes = np.moveaxis(COLOURS[..., :3], -1, 0)
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), COLOURS[..., :3])


@pytest.mark.parametrize(
    ("suffix", "options"), [(".png", {}), (".tif", {}), (".bmp", {}), (".png", {"transparency": bytes([0, 90, 255])})]
)
def test_a_palette_image_has_its_colours(tmp_path, suffix, options):
    path = tmp_path / f"a{suffix}"
    indexed = Image.fromarray(LABELS)
    indexed.putpalette([0, 0, 0, 200, 10, 20, 10, 200, 30, 5, 6, 7, 250, 251, 252])
    indexed.save(path, **options)
    palette = np.array([[0, 0, 0], [200, 10, 20], [10, 200, 30], [5, 6, 7], [250, 251, 252]], np.uint8)
    np.testing.assert_array_equal(read_image(path), palette[LABELS])


@pytest.mark.parametrize(("mode", "suffix"), [("CMYK", ".jpg"), ("CMYK", ".tif"), ("YCbCr", ".tif")])
def test_other_colour_spaces_are_brought_to_rgb(tmp_path, mode, suffix):
    colour = (200, 30, 60)
    Image.new("RGB", (30, 20), colour).convert(mode).save(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(read_image(tmp_path / f"a{suffix}"), np.broadcast_to(colour, (20, 30, 3)), atol=3)


@pytest.mark.parametrize("read", [read_image, read_mask, image_size])
@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_an_image_that_is_stored_turned_is_refused(tmp_path, read, suffix):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 3
    Image.fromarray(LABELS).save(tmp_path / f"a{suffix}", exif=exif)
    with pytest.raises(InputError, match=r"is stored turned or mirrored \(EXIF orientation 3\): save it upright"):
        read(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("read", [read_image, read_mask])
def test_a_negative_is_refused(tmp_path, read):
    tifffile.imwrite(tmp_path / "a.tif", LABELS, photometric="miniswhite")
    with pytest.raises(InputError, match=r"a\.tif is stored as a negative \(MinIsWhite\)"):
        read(tmp_path / "a.tif")


@pytest.mark.parametrize("read", [read_image, read_mask])
def test_one_bit_is_black_and_white_unless_stored_as_a_negative(tmp_path, read):
    tifffile.imwrite(tmp_path / "a.tif", LABELS > 2, photometric="minisblack")
    np.testing.assert_array_equal(read(tmp_path / "a.tif").reshape(*LABELS.shape, -1)[..., 0] > 0, LABELS > 2)
    tifffile.imwrite(tmp_path / "a.tif", LABELS > 2)
    with pytest.raises(InputError, match=r"a\.tif is stored as a negative \(MinIsWhite\)"):
        read(tmp_path / "a.tif")


def test_a_mask_is_no_jpeg(tmp_path):
    Image.fromarray(LABELS).save(tmp_path / "a.jpg")
    with pytest.raises(InputError, match=r"a\.jpg is a JPEG, which changes numbers: export the mask as PNG or TIFF"):
        read_mask(tmp_path / "a.jpg")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(tmp_path, value):
    tifffile.imwrite(tmp_path / "a.tif", np.array([[0.1, value, 0.2]], np.float32))
    for stretch in (None, (1, 99)):
        with pytest.raises(InputError, match=r"a\.tif has values that are no finite numbers"):
            read_image(tmp_path / "a.tif", stretch)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_grey_covers_the_full_range(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    Image.fromarray(values).save(path)
    found = grey(read_image(path))
    np.testing.assert_array_equal(found, np.rint(values / 257))
    assert (found[0, 0], found[-1, -1]) == (0, 255)


def test_dark_16_bit_grey_stays_dark_unless_it_is_stretched(tmp_path):
    values = np.arange(101, dtype=np.uint16)[None].repeat(3, axis=0)
    Image.fromarray(values).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").max() == 0
    whole = grey(read_image(tmp_path / "a.png", (0, 100)))[0]
    assert whole[[0, 20, 40, 60, 80, 100]].tolist() == [0, 51, 102, 153, 204, 255]
    middle = grey(read_image(tmp_path / "a.png", (10, 90)))[0]
    assert middle[[0, 5, 10, 26, 42, 58, 74, 90, 95, 100]].tolist() == [0, 0, 0, 51, 102, 153, 204, 255, 255, 255]


def test_stretching_also_works_on_8_bit(tmp_path):
    Image.fromarray(np.tile(np.array([[50, 90, 150]], np.uint8), (4, 1))).save(tmp_path / "a.png")
    assert grey(read_image(tmp_path / "a.png", (0, 100)))[0].tolist() == [0, 102, 255]


def test_stretching_an_image_of_one_value_gives_one_value(tmp_path):
    Image.fromarray(np.full((4, 4), 77, np.uint16)).save(tmp_path / "a.png")
    assert np.unique(read_image(tmp_path / "a.png", (1, 99))).size == 1


def test_stretching_a_nearly_empty_image_keeps_its_few_bright_pixels(tmp_path):
    values = np.full((20, 20), 300, np.uint16)
    values[3, 4] = 5000
    Image.fromarray(values).save(tmp_path / "a.png")
    np.testing.assert_array_equal(grey(read_image(tmp_path / "a.png", (1, 99))), np.where(values > 300, 255, 0))


def test_16_bit_colours_written_by_opencv_keep_their_channels(tmp_path):
    wide = COLOURS[..., :3].astype(np.uint16) * 257
    assert cv2.imwrite(str(tmp_path / "a.png"), wide[..., ::-1])
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), COLOURS[..., :3])
    tifffile.imwrite(tmp_path / "a.tif", wide, photometric="rgb")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), COLOURS[..., :3])


def test_a_float_image_runs_from_0_to_1(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.array([[0, 0.2, 0.4, 1]], np.float32))
    assert grey(read_image(tmp_path / "a.tif"))[0].tolist() == [0, 51, 102, 255]


@pytest.mark.parametrize(
    ("values", "kind"),
    [([0, 254.5], np.float32), ([-0.1, 1], np.float32), ([-1, 9], np.int16), ([0, 9], np.int32)],
)
def test_values_that_do_not_say_what_is_white_are_refused_unless_stretched(tmp_path, values, kind):
    tifffile.imwrite(tmp_path / "a.tif", np.array([values], kind))
    with pytest.raises(InputError, match=f"a.tif has values of {np.dtype(kind)} from .* give --levels"):
        read_image(tmp_path / "a.tif")
    assert grey(read_image(tmp_path / "a.tif", (0, 100)))[0].tolist() == [0, 255]


def test_levels_are_black_and_white_in_every_image(tmp_path):
    for name, values in (("a", [100, 100, 4095]), ("b", [0, 1365, 5000])):
        Image.fromarray(np.array([values], np.uint16)).save(tmp_path / f"{name}.png")
    read = [grey(read_image(tmp_path / f"{name}.png", levels=(0, 4095)))[0].tolist() for name in "ab"]
    assert read == [[6, 6, 255], [0, 85, 255]]


def test_a_1_bit_image_is_black_and_white(tmp_path):
    Image.fromarray(LABELS > 2).save(tmp_path / "a.png")
    np.testing.assert_array_equal(grey(read_image(tmp_path / "a.png")), (LABELS > 2) * 255)


@pytest.mark.parametrize("read", [read_image, read_mask])
@pytest.mark.parametrize("number", [2, 3, 4, 5])
@pytest.mark.parametrize("options", [{"photometric": "minisblack"}, {"imagej": True}], ids=["pages", "imagej"])
def test_a_stack_of_images_is_no_image(tmp_path, read, number, options):
    tifffile.imwrite(tmp_path / "stack.tif", np.zeros((number, 20, 30), np.uint8), **options)
    with pytest.raises(InputError, match=rf"stack\.tif holds {number} images: export the one to look at alone"):
        read(tmp_path / "stack.tif")


# Masks


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_an_8_bit_mask_keeps_its_numbers(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(LABELS).save(path)
    mask = read_mask(path)
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, LABELS)


def test_a_1_bit_mask_holds_0_and_1(tmp_path):
    Image.fromarray(LABELS > 2).save(tmp_path / "a.png")
    mask = read_mask(tmp_path / "a.png")
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, LABELS > 2)


@pytest.mark.parametrize("transparent", [{}, {"transparency": 0}, {"bits": 4}])
def test_a_palette_mask_keeps_its_indices_whatever_its_colours(tmp_path, transparent):
    indexed = Image.fromarray(LABELS)
    indexed.putpalette([9, 9, 9, 9, 9, 9, 200, 10, 20, 10, 200, 30, 0, 0, 0])
    indexed.save(tmp_path / "a.png", **transparent)
    with Image.open(tmp_path / "a.png") as file:
        assert file.mode == "P"
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png"), LABELS)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_16_bit_mask_keeps_its_numbers(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    instances = np.arange(600, dtype=np.uint16).reshape(20, 30) * 109
    Image.fromarray(instances).save(path)
    mask = read_mask(path)
    assert mask.dtype == np.uint16
    np.testing.assert_array_equal(mask, instances)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_a_mask_in_colour_is_refused(tmp_path, mode):
    Image.fromarray(LABELS).convert(mode).save(tmp_path / "mask.png")
    with pytest.raises(InputError, match=rf"mask\.png has {len(mode)} channels"):
        read_mask(tmp_path / "mask.png")


def test_labels_beyond_16_bit_are_refused(tmp_path):
    Image.fromarray(np.array([[0, 65536]], np.int32)).save(tmp_path / "mask.tif")
    with pytest.raises(InputError, match=r"mask\.tif holds labels outside 0 to 65535"):
        read_mask(tmp_path / "mask.tif")


def test_labels_that_are_fractions_are_refused(tmp_path):
    Image.fromarray(np.array([[0, 1]], np.float32)).save(tmp_path / "mask.tif")
    with pytest.raises(InputError, match=r"mask\.tif holds labels of float32: export it as whole numbers"):
        read_mask(tmp_path / "mask.tif")


@pytest.mark.parametrize("dtype", [np.float64, np.float16])
def test_floats_of_another_size_are_refused_with_what_is_read(tmp_path, dtype):
    tifffile.imwrite(tmp_path / "image.tif", np.zeros((8, 8), dtype))
    with pytest.raises(InputError, match=r"image\.tif cannot be read .* save it in 8 or 16 bit or as 32-bit floats"):
        read_image(tmp_path / "image.tif")


def test_negative_labels_are_refused(tmp_path):
    Image.fromarray(np.array([[0, -1]], np.int32)).save(tmp_path / "mask.tif")
    with pytest.raises(InputError, match=r"mask\.tif holds labels outside 0 to 65535"):
        read_mask(tmp_path / "mask.tif")


def test_fractional_labels_are_refused_and_not_rounded_down(tmp_path):
    tifffile.imwrite(tmp_path / "mask.tif", np.array([[0, 0.5, 1.7]], np.float32))
    with pytest.raises(InputError, match=r"mask\.tif"):
        read_mask(tmp_path / "mask.tif")


# Broken files


@pytest.mark.parametrize("read", [read_image, read_mask])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif"])
@pytest.mark.parametrize("kept", [0, 3, 0.1, 0.5, 0.95])
def test_a_truncated_image_is_named(tmp_path, read, suffix, kept):
    path = tmp_path / f"cut{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (99, 99), np.uint8)).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    known_by_its_header = read is read_mask and suffix == ".jpg" and kept in (0.1, 0.5, 0.95)
    words = "is a JPEG" if known_by_its_header else "cannot be read as an image"
    with pytest.raises(InputError, match=rf"cut\{suffix} {words}"):
        read(path)


@pytest.mark.parametrize("read", [read_image, read_mask])
def test_a_png_with_a_flipped_bit_is_named(tmp_path, read):
    path = tmp_path / "bit.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (99, 99), np.uint8)).save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bit\.png cannot be read as an image"):
        read(path)


@pytest.mark.parametrize("read", [read_image, read_mask, image_size])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif"])
def test_a_text_file_under_the_name_of_an_image_is_named(tmp_path, read, suffix):
    path = tmp_path / f"text{suffix}"
    path.write_text("version https://git-lfs.github.com/spec/v1\n" * 20)
    with pytest.raises(InputError, match=rf"text\{suffix} cannot be read as an image"):
        read(path)


@pytest.mark.parametrize("read", [read_image, read_mask, image_size])
def test_a_missing_image_is_named(tmp_path, read):
    with pytest.raises(InputError, match=r"absent\.png does not exist"):
        read(tmp_path / "absent.png")


@pytest.mark.parametrize("read", [read_image, read_mask, image_size])
def test_a_folder_under_the_name_of_an_image_is_named(tmp_path, read):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match=r"folder\.png cannot be read as an image"):
        read(tmp_path / "folder.png")


# Sizes


def png_header(path, width, height):
    """Writes the start of a 1-bit PNG of any size, enough for whoever reads only its header."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))
    return path


def test_the_size_is_height_and_width(tmp_path):
    Image.fromarray(LABELS).save(tmp_path / "a.png")
    assert image_size(tmp_path / "a.png") == (20, 30)


@pytest.mark.parametrize("size", [(10_000, 10_000), (9_500, 10_000)])
def test_images_of_up_to_100_megapixels_are_welcome(tmp_path, size):
    height, width = size
    assert image_size(png_header(tmp_path / "large.png", width, height)) == size


@pytest.mark.parametrize("size", [(10_001, 10_000), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
@pytest.mark.parametrize("read", [read_image, read_mask, image_size])
def test_an_image_beyond_100_megapixels_is_refused_from_its_header(tmp_path, size, read):
    height, width = size
    with pytest.raises(InputError, match=r"huge\.png has .*megapixels"):
        read(png_header(tmp_path / "huge.png", width, height))
