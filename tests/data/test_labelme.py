"""Behaviour of the LabelMe reader on hand-made files."""

import base64
import io
import json
import zlib

import numpy as np
import pytest
import skimage.draw
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from nodes_unet.data.labelme import read_labelme
from nodes_unet.errors import InputError

CLASSES = {"background": 0, "white": 1, "red": 2}
HEIGHT, WIDTH = 40, 60
SQUARE = [[10, 10], [30, 10], [30, 20], [10, 20]]

same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def shape(kind, points, label="red", **more):
    return {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}, **more}


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def mask_shape(points, pixels, label="red"):
    return shape("mask", points, label, mask=base64.b64encode(png(pixels)).decode())


@pytest.fixture
def write(tmp_path):
    def write(*shapes, **changes):
        document = {
            "version": "5.5.0",
            "flags": {},
            "shapes": list(shapes),
            "imagePath": "../outside/smear.jpg",
            "imageData": None,
            "imageHeight": HEIGHT,
            "imageWidth": WIDTH,
            **changes,
        }
        path = tmp_path / "smear.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write


def refuse(path, *words, classes=CLASSES):
    """Asserts that the file is refused with one sentence that names it and holds the words."""
    with pytest.raises(InputError) as caught:
        read_labelme(path, classes)
    message = str(caught.value)
    assert "smear.json" in message
    for word in words:
        assert word in message
    assert "\n" not in message and ". " not in message and not message.endswith(".")
    return message


def draw_with_skimage(polygon):
    """Both ends of a LabelMe polygon's edges belong to it, so the outline is drawn over the filled inside."""
    rows, columns = [y for _, y in polygon], [x for x, _ in polygon]
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    expected[skimage.draw.polygon(rows, columns)] = 2
    expected[skimage.draw.polygon_perimeter(rows, columns)] = 2
    return expected


def test_no_shape_is_all_background(write):
    mask = read_labelme(write(), CLASSES)
    assert mask.dtype == np.uint8
    assert mask.shape == (HEIGHT, WIDTH)
    assert not mask.any()


@pytest.mark.parametrize("missing", [False, True], ids=["null", "missing"])
def test_a_shape_without_type_is_a_polygon(write, missing):
    old = shape(None, SQUARE)
    if missing:
        del old["shape_type"]
    np.testing.assert_array_equal(read_labelme(write(old), CLASSES), draw_with_skimage(SQUARE))


@pytest.mark.parametrize("kind", ["polygon", "oriented_rectangle"])
def test_polygons_equal_skimage(write, kind):
    diamond = [[20, 5], [35, 20], [20, 35], [5, 20]]
    np.testing.assert_array_equal(read_labelme(write(shape(kind, diamond)), CLASSES), draw_with_skimage(diamond))


def test_a_concave_polygon_keeps_its_notch(write):
    notched = [[10, 5], [50, 5], [50, 35], [30, 15], [10, 35]]
    np.testing.assert_array_equal(read_labelme(write(shape("polygon", notched)), CLASSES), draw_with_skimage(notched))


@pytest.mark.parametrize("corners", [[[12, 7], [33, 19]], [[33, 19], [12, 7]], [[12, 19], [33, 7]]])
def test_a_rectangle_covers_both_corners_in_any_order(write, corners):
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    expected[7:20, 12:34] = 2
    np.testing.assert_array_equal(read_labelme(write(shape("rectangle", corners)), CLASSES), expected)


@pytest.mark.parametrize("rim", [[42, 20], [30, 8], [37.2, 29.6]])
def test_a_circle_has_its_second_point_on_the_rim(write, rim):
    mask = read_labelme(write(shape("circle", [[30, 20], rim])), CLASSES)
    distance = np.hypot(*(np.indices(mask.shape) - np.array([20, 30])[:, None, None]))
    assert (mask[distance <= 11.4] == 2).all()
    assert not mask[distance >= 13.5].any()


def test_a_mask_covers_its_nonzero_pixels(write):
    pixels = np.zeros((5, 7), np.uint8)
    pixels[1:4, 2:] = 1
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    expected[10:15, 20:27] = pixels * 2
    np.testing.assert_array_equal(read_labelme(write(mask_shape([[20, 10], [26, 14]], pixels)), CLASSES), expected)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16])
def test_a_mask_may_have_any_bit_depth_and_broken_lines(write, dtype):
    encoded = base64.encodebytes(png(np.eye(6).astype(dtype))).decode()
    mask = read_labelme(write(shape("mask", [[3.7, 2.9], [8.7, 7.9]], mask=encoded)), CLASSES)
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    expected[2:8, 3:9] = 2 * np.eye(6)
    np.testing.assert_array_equal(mask, expected)


def test_the_hole_of_a_mask_shows_what_lies_below(write):
    ring = np.ones((5, 5), np.uint8)
    ring[2, 2] = 0
    below = shape("rectangle", [[0, 0], [WIDTH, HEIGHT]], "white")
    mask = read_labelme(write(below, mask_shape([[10, 10], [14, 14]], ring)), CLASSES)
    assert mask[12, 12] == 1
    assert (mask == 2).sum() == 24


@pytest.mark.parametrize("box_end", [[WIDTH, HEIGHT], [WIDTH - 1, HEIGHT - 1]], ids=["LabelMe 5", "LabelMe 6"])
def test_a_mask_at_the_last_pixel_fits_both_conventions(write, box_end):
    pixels = np.ones((4, 3), np.uint8)
    mask = read_labelme(write(mask_shape([[WIDTH - 3, HEIGHT - 4], box_end], pixels)), CLASSES)
    assert (mask[-4:, -3:] == 2).all()
    assert (mask == 2).sum() == 12


def test_a_mask_across_the_upper_left_corner_is_cut(write):
    pixels = np.arange(1, 17, dtype=np.uint8).reshape(4, 4) > 8
    mask = read_labelme(write(mask_shape([[-2, -1], [1, 2]], pixels)), CLASSES)
    np.testing.assert_array_equal(mask[:3, :2], 2 * pixels[1:, 2:])
    assert (mask == 2).sum() == 4


def test_a_mask_image_of_another_shape_type_is_ignored(write):
    polygon = shape("polygon", SQUARE, mask="no PNG")
    np.testing.assert_array_equal(read_labelme(write(polygon), CLASSES), draw_with_skimage(SQUARE))


def test_later_shapes_lie_over_earlier_ones(write):
    cell, inside = shape("polygon", SQUARE), shape("rectangle", [[15, 12], [18, 15]], "white")
    hole = shape("rectangle", [[16, 13], [16, 13]], "background")
    mask = read_labelme(write(cell, inside, hole), CLASSES)
    assert (mask[10, 10], mask[12, 15], mask[13, 16]) == (2, 1, 0)
    assert not (read_labelme(write(hole, inside, cell), CLASSES) == 1).any()


def test_shapes_may_be_objects_by_number_or_group(write):
    boxes = [[[0, 0], [3, 9]], [[4, 0], [7, 9]], [[8, 0], [11, 9]], [[20, 0], [23, 9]], [[0, 0], [1, 9]]]
    red = [shape("rectangle", box, group_id=group) for box, group in zip(boxes, (None, 7, None, 7), strict=False)]
    found = read_labelme(write(*red, shape("rectangle", boxes[4], "background")), CLASSES, instances=True)
    expected = np.zeros((HEIGHT, WIDTH), np.uint16)
    for number, box in ((1, boxes[0]), (2, boxes[1]), (3, boxes[2]), (2, boxes[3]), (0, boxes[4])):
        expected[:10, box[0][0] : box[1][0] + 1] = number
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.uint16


@pytest.mark.parametrize(
    ("lost", "over"),
    [
        ([[10, 10], [12, 12]], [[8, 8], [20, 20]]),
        ([[10, 10], [12, 12]], [[10, 10], [12, 12]]),
        ([[WIDTH + 5, 5], [WIDTH + 9, 9]], [[8, 8], [20, 20]]),
    ],
    ids=["under another", "twice", "outside"],
)
def test_an_object_of_which_nothing_is_left_is_named(write, lost, over):
    path = write(shape("rectangle", [[30, 30], [35, 35]]), shape("rectangle", lost), shape("rectangle", over))
    with pytest.raises(
        InputError, match=r"smear\.json: shape 2 \('red'\) is outside of the image or wholly under others"
    ):
        read_labelme(path, CLASSES, instances=True)
    assert read_labelme(path, CLASSES).any(), "of classes nothing is lost"


def test_more_shapes_than_numbers_are_refused(write):
    path = write(*[shape("rectangle", [[0, 0], [1, 1]])] * 65536)
    with pytest.raises(InputError, match="has 65536 shapes, more than 65535"):
        read_labelme(path, CLASSES, instances=True)


def test_names_are_found_without_regard_to_case_but_as_written_first(write):
    classes = {"Red": 1, "red": 2, "White cell": 3}
    labels = {"Red": 1, "red": 2, " WHITE CELL": 3}
    for label, value in labels.items():
        assert read_labelme(write(shape("polygon", SQUARE, label)), classes).max() == value


def test_the_image_is_never_opened(write):
    path = write(shape("polygon", SQUARE), imagePath="/etc/passwd", imageData="no base64")
    np.testing.assert_array_equal(read_labelme(path, CLASSES), draw_with_skimage(SQUARE))


def test_a_shape_beyond_the_image_is_cut_off(write):
    mask = read_labelme(write(shape("polygon", [[-500, 30], [500, 30], [500, 900], [-500, 900]])), CLASSES)
    assert (mask[30:] == 2).all()
    assert not mask[:30].any()


coordinate = st.floats(-30, 90) | st.integers(-30, 90)
polygon = st.lists(st.tuples(coordinate, coordinate).map(list), min_size=3, max_size=8)
random_shape = st.tuples(polygon, st.sampled_from(["white", "red", "background"]))


@same_folder
@given(points=polygon)
def test_a_polygon_stays_in_its_bounding_box(write, points):
    rows, columns = np.nonzero(read_labelme(write(shape("polygon", points)), CLASSES))
    (left, top), (right, bottom) = np.floor(np.min(points, axis=0)), np.ceil(np.max(points, axis=0))
    assert ((rows >= top) & (rows <= bottom) & (columns >= left) & (columns <= right)).all()


@same_folder
@given(x=st.integers(0, WIDTH - 1), y=st.integers(0, HEIGHT - 1), points=polygon)
def test_a_polygon_covers_its_corners_in_the_image(write, x, y, points):
    assert read_labelme(write(shape("polygon", [[x, y], *points])), CLASSES)[y, x] == 2


@same_folder
@given(drawn=st.lists(random_shape, max_size=4))
def test_shapes_are_painted_one_after_the_other(write, drawn):
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    for points, label in drawn:
        expected[read_labelme(write(shape("polygon", points)), CLASSES) == 2] = CLASSES[label]
    shapes = [shape("polygon", points, label) for points, label in drawn]
    np.testing.assert_array_equal(read_labelme(write(*shapes), CLASSES), expected)


@same_folder
@given(data=st.data())
def test_a_damaged_file_gives_a_mask_or_a_message(write, data):
    path = write(shape("polygon", SQUARE), mask_shape([[20, 10], [26, 14]], np.ones((5, 7), np.uint8)))
    content = bytearray(path.read_bytes())
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=5)):
        content[position] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        assert read_labelme(path, CLASSES).dtype == np.uint8
    except InputError as error:
        assert "smear.json" in str(error)


@same_folder
@given(data=st.data())
def test_a_damaged_mask_image_gives_a_mask_or_a_message(write, data):
    content = bytearray(png(np.ones((5, 7), np.uint8)))
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[position] = data.draw(st.integers(0, 255))
    path = write(shape("mask", [[20, 10], [26, 14]], mask=base64.b64encode(content).decode()))
    try:
        assert read_labelme(path, CLASSES).shape == (HEIGHT, WIDTH)
    except InputError as error:
        assert "smear.json: shape 1 ('red')" in str(error)


@pytest.mark.parametrize("kind", ["point", "points", "line", "linestrip", "heart", "", ["polygon"]])
def test_a_type_without_area_is_refused(write, kind):
    path = write(shape("polygon", SQUARE), shape(kind, SQUARE, "white"))
    refuse(path, "shape 2", "'white'", repr(kind), "polygon", "mask")


def test_an_unknown_label_is_refused_with_the_known_ones(write):
    refuse(write(shape("polygon", SQUARE, "platelet")), "shape 1", "'platelet'", "'background', 'white', 'red'")


@pytest.mark.parametrize("label", [None, 2, ["red"]])
def test_a_shape_without_label_is_refused(write, label):
    refuse(write(shape("polygon", SQUARE, label)), "shape 1", "label")


@pytest.mark.parametrize(
    ("kind", "count", "wanted"),
    [
        ("polygon", 2, "at least 3"),
        (None, 0, "at least 3"),
        ("rectangle", 1, "2"),
        ("rectangle", 4, "2"),
        ("circle", 3, "2"),
        ("oriented_rectangle", 3, "4"),
        ("mask", 1, "2"),
    ],
)
def test_a_wrong_number_of_points_is_refused(write, kind, count, wanted):
    path = write(shape(kind, SQUARE[:count], mask=""))
    refuse(path, "shape 1 ('red')", f"needs {wanted} points and has {count}")


@pytest.mark.parametrize("points", [None, "10,10", {"x": 1}])
def test_missing_points_are_refused(write, points):
    refuse(write(shape("polygon", points)), "shape 1 ('red')", "has none")


@pytest.mark.parametrize(
    "bad", [[float("nan"), 3], [3, float("inf")], [3, -1e9], [10**400, 3], ["3", 4], [None, 4], [1, 2, 3], [1], 7]
)
@pytest.mark.parametrize("kind", ["polygon", "oriented_rectangle"])
def test_a_point_that_is_no_pair_of_numbers_is_refused(write, kind, bad):
    refuse(write(shape(kind, [*SQUARE[:3], bad])), "shape 1 ('red')", "no pair of numbers")


@pytest.mark.parametrize("side", ["imageHeight", "imageWidth"])
@pytest.mark.parametrize("value", [None, 0, -3, 40.5, "40", True])
def test_a_missing_image_size_is_refused(write, side, value):
    refuse(write(**{side: value}), "imageHeight", "imageWidth")


def test_an_image_size_left_out_is_refused(write):
    path = write()
    document = json.loads(path.read_text())
    del document["imageHeight"]
    path.write_text(json.dumps(document))
    refuse(path, "imageHeight")


def test_a_huge_image_is_refused_before_it_is_drawn(write):
    refuse(write(imageHeight=10**6, imageWidth=10**6), "1000000 x 1000000", "80 megapixels")


@pytest.mark.parametrize("content", [b"", b"{", b"no json", b"\xff\xfe\x00\x01", b"[" * 100_000])
def test_a_file_that_is_no_json_is_refused(tmp_path, content):
    path = tmp_path / "smear.json"
    path.write_bytes(content)
    refuse(path, "JSON")


def test_a_truncated_file_is_refused(write):
    path = write(shape("polygon", SQUARE))
    path.write_bytes(path.read_bytes()[:-40])
    refuse(path, "no complete JSON file")


@pytest.mark.parametrize("document", [[], 3, None, "shapes"])
def test_other_json_is_refused(tmp_path, document):
    path = tmp_path / "smear.json"
    path.write_text(json.dumps(document))
    refuse(path, "no LabelMe file")


@pytest.mark.parametrize("shapes", [None, {}, "polygon", [3], [shape("polygon", SQUARE), None]])
def test_a_file_without_shapes_is_refused(write, shapes):
    refuse(write(shapes=shapes), "no list of shapes")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    refuse(tmp_path / "smear.json", "cannot be read")
    (tmp_path / "smear.json").mkdir()
    refuse(tmp_path / "smear.json", "cannot be read")


@pytest.mark.parametrize("pixels", [(5, 8), (4, 7), (7, 5), (1, 1)])
def test_a_mask_image_of_another_size_than_its_box_is_refused(write, pixels):
    path = write(mask_shape([[20, 10], [26, 14]], np.ones(pixels, np.uint8)))
    refuse(path, "shape 1 ('red')", f"{pixels[1]} x {pixels[0]}", "box of 7 x 5")


def test_a_box_upside_down_is_refused(write):
    refuse(write(mask_shape([[26, 14], [20, 10]], np.ones((5, 7), np.uint8))), "shape 1 ('red')", "box of -5 x -3")


def test_a_mask_image_in_colour_is_refused(write):
    path = write(mask_shape([[20, 10], [26, 14]], np.ones((5, 7, 3), np.uint8)))
    refuse(path, "shape 1 ('red')", "colour")


@pytest.mark.parametrize("encoded", ["", "no base64!", "abc", "iVBORw0KGgo=", "é"])
def test_a_mask_that_is_no_png_is_refused(write, encoded):
    refuse(write(shape("mask", [[20, 10], [26, 14]], mask=encoded)), "shape 1 ('red')", "PNG")


def test_a_truncated_mask_image_is_refused(write):
    content = png(np.random.default_rng(0).integers(0, 2, (50, 50), np.uint8))[:-60]
    path = write(shape("mask", [[0, 0], [49, 49]], mask=base64.b64encode(content).decode()))
    refuse(path, "shape 1 ('red')", "PNG")


def test_a_mask_image_with_a_broken_chunk_is_refused(write):
    content = bytearray(png(np.ones((5, 7), np.uint8)))
    content[36] -= 8  # the length of the first data chunk, so that the next one starts in its middle
    path = write(shape("mask", [[20, 10], [26, 14]], mask=base64.b64encode(content).decode()))
    refuse(path, "shape 1 ('red')", "PNG")


@pytest.mark.parametrize("side", [9_500, 20_000])
def test_a_decompression_bomb_is_refused(write, side):
    """A small file whose header claims 90 or 400 megapixels, in a box of that size."""
    good = png(np.ones((1, 1), np.uint8))
    header = b"IHDR" + side.to_bytes(4, "big") * 2 + good[24:29]
    content = good[:12] + header + zlib.crc32(header).to_bytes(4, "big") + good[33:]
    path = write(shape("mask", [[0, 0], [side - 1, side - 1]], mask=base64.b64encode(content).decode()))
    refuse(path, "shape 1 ('red')", "PNG")


def test_a_mask_in_another_image_format_is_refused(write):
    buffer = io.BytesIO()
    Image.fromarray(np.ones((5, 7), np.uint8)).save(buffer, format="BMP")
    path = write(shape("mask", [[20, 10], [26, 14]], mask=base64.b64encode(buffer.getvalue()).decode()))
    refuse(path, "shape 1 ('red')", "PNG")


@pytest.mark.parametrize("encoded", [None, 3, ["iVBORw0KGgo="]])
def test_a_missing_mask_image_is_refused(write, encoded):
    refuse(write(shape("mask", [[20, 10], [26, 14]], mask=encoded)), "shape 1 ('red')", "no mask image")


@pytest.mark.parametrize("value", [-1, 256])
def test_a_class_that_does_not_fit_eight_bits_is_refused(write, value):
    refuse(write(shape("polygon", SQUARE)), "'red'", str(value), classes={"red": value})
