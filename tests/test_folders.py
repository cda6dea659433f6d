"""One's own images: every file is accounted for, and looks as it should."""

import io
import os
import resource
import struct
import sys
import warnings
import zipfile

import numpy as np
import pytest
from PIL import Image, ImageOps

from gk import datasets

SHAPE = (16, 16, 3)


def picture(seed, size=(40, 30), mode="RGB"):
    """A smooth picture, so that compression and shrinking hardly change it."""
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).convert(mode)


def mean_colour(image):
    return np.asarray(image, dtype=float).reshape(-1, 3).mean(axis=0)


@pytest.fixture
def folder(tmp_path):
    """A folder as people have them."""
    for number in range(12):
        picture(number).save(tmp_path / f"{number:02d}.png")
    return tmp_path


def row_of(data, name):
    return data.report.table.set_index("file").loc[name]


def all_images(data):
    """The images in the order of their files."""
    taken = data.report.table.query("became == 'read'")
    images = np.empty((len(taken), *data.x_train.shape[1:]), "float32")
    in_test = (taken["split"] == "test").to_numpy()
    images[~in_test], images[in_test] = data.x_train, data.x_test
    return dict(zip(taken["file"], images, strict=True))


def test_ugly_files_are_read_by_what_they_are(folder):
    picture(0).save(folder / "gif named.jpg", "gif")
    picture(20, mode="L").save(folder / "grey.jpg")
    picture(21, mode="CMYK").save(folder / "cmyk.jpg", quality=95)
    picture(22, mode="P").save(folder / "palette.png")
    deep = np.asarray(picture(23, mode="L"), dtype=np.uint16) * 256 + 77
    Image.fromarray(deep).save(folder / "deep.png")
    clear = picture(24, mode="RGBA")
    clear.putalpha(0)
    clear.save(folder / "clear.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    left_red = np.zeros((20, 40, 3), np.uint8)
    left_red[:, :20] = [255, 0, 0]
    Image.fromarray(left_red).save(folder / "turned.jpg", exif=exif, quality=95)
    first, *others = (picture(number) for number in (25, 26, 27))
    first.save(folder / "moving.gif", save_all=True, append_images=others)
    data = datasets.from_folder(folder, SHAPE, fit="squeeze")
    assert (data.report.table["became"] == "read").all()
    images = all_images(data)
    for name, seed in (("cmyk.jpg", 21), ("palette.png", 22), ("moving.gif", 25)):
        wanted = mean_colour(picture(seed)) / 255
        np.testing.assert_allclose(mean_colour(images[name]), wanted, atol=0.06, err_msg=name)
    for name, seed in (("grey.jpg", 20), ("deep.png", 23)):
        wanted = np.asarray(picture(seed, mode="L")).mean() / 255
        assert images[name].mean() == pytest.approx(wanted, abs=0.02), name
        assert np.ptp(images[name], axis=-1).max() < 1e-6
    assert (images["clear.png"] == 1).all()
    assert images["turned.jpg"][:6, :, 0].mean() > 0.9  # the left side came to the top
    assert images["turned.jpg"][-6:, :, 0].mean() < 0.1
    assert row_of(data, "cmyk.jpg")["mode"] == "CMYK"


def test_what_is_left_out_is_named_with_its_reason(folder):
    (folder / "notes.txt").write_text("no picture")
    (folder / "empty.png").touch()
    content = (folder / "03.png").read_bytes()
    (folder / "half.png").write_bytes(content[: len(content) // 2])
    (folder / "again.png").write_bytes(content)
    (folder / ".hidden.png").write_bytes(content)
    Image.fromarray(np.ones((8, 8), "float32")).save(folder / "floats.tiff")
    if os.geteuid():  # nothing is closed to root
        (folder / "closed.png").write_bytes(content)
        (folder / "closed.png").chmod(0)
    data = datasets.from_folder(folder, SHAPE)
    assert row_of(data, "notes.txt")["why"] == "no image of a known format"
    assert row_of(data, "empty.png")["why"] == "empty"
    assert row_of(data, "half.png")["why"].startswith("cannot be decoded")
    assert "range is unknown" in row_of(data, "floats.tiff")["why"]
    same = data.report.table.set_index("file").loc[["03.png", "again.png"], "became"]
    assert sorted(same) == ["duplicate", "read"]
    assert row_of(data, ".hidden.png")["became"] == "skipped"
    assert len(data.x_train) + len(data.x_test) == 12
    told = str(data.report)
    assert "12 read" in told
    assert "4 rejected" in told or "5 rejected" in told
    assert "1 duplicate" in told
    assert "1 skipped" in told
    assert "12 images are few" in told


@pytest.mark.parametrize("fit", ["crop", "pad", "squeeze"])
def test_images_of_another_form_are_made_to_fit(fit, tmp_path):
    wide = np.full((10, 40, 3), 128, np.uint8)
    wide[:, :10], wide[:, 30:] = [255, 0, 0], [0, 0, 255]
    for number in range(3):
        wide[0, 20] = number
        Image.fromarray(wide).save(tmp_path / f"{number}.png")
    image = all_images(datasets.from_folder(tmp_path, SHAPE, fit=fit, test_share=0.5))["1.png"]
    has_red = (image[..., 0] > 0.8) & (image[..., 2] < 0.3)
    is_white = (image > 0.97).all(axis=-1)
    assert has_red.any() == (fit != "crop")
    assert is_white.any() == (fit == "pad")


def test_large_pictures_are_averaged_and_not_thinned_out(tmp_path):
    stripes = np.zeros((160, 160), np.uint8)
    stripes[:, ::2] = 255
    for number in range(3):
        stripes[0, 0] = number
        Image.fromarray(stripes).save(tmp_path / f"{number}.png")
    data = datasets.from_folder(tmp_path, (16, 16, 1), test_share=0.5)
    assert np.abs(all_images(data)["0.png"][2:-2, 2:-2] - 0.5).max() < 0.05


def test_further_files_move_none_across(folder):
    before = datasets.from_folder(folder, SHAPE, test_share=0.4).report.table
    for number in range(30, 60):
        # In between: where the split went by order, old ones would change sides.
        picture(number).save(folder / f"{number % 12:02d} {number}.png")
    after = datasets.from_folder(folder, SHAPE, test_share=0.4).report.table
    both = before.merge(after, on="file", suffixes=("", "_after"))
    assert len(both) == 12
    assert (both["split"] == both["split_after"]).all()
    assert 0.2 < (after["split"] == "test").mean() < 0.6


def test_folders_are_classes_and_zip_archives_are_folders(tmp_path):
    for number in range(30):
        place = tmp_path / "set" / ("cats" if number % 3 else "dogs") / "2026"
        place.mkdir(parents=True, exist_ok=True)
        picture(number).save(place / f"{number}.png")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted((tmp_path / "set").rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path / "set"))
        archive.writestr("__MACOSX/x.png", b"")
    one, other = (datasets.from_folder(tmp_path / name, SHAPE) for name in ("set", "set.zip"))
    around = datasets.from_folder(tmp_path, SHAPE)  # the same, with a folder around it
    assert around.class_names == one.class_names
    np.testing.assert_array_equal(around.y_train, one.y_train)
    assert one.class_names == other.class_names == ("cats", "dogs")
    np.testing.assert_array_equal(one.x_train, other.x_train)
    np.testing.assert_array_equal(one.y_test, other.y_test)
    table = one.report.table.query("became == 'read' and split == 'train'")
    wanted = [one.class_names.index(file.split("/")[0]) for file in table["file"]]
    np.testing.assert_array_equal(one.y_train, wanted)
    assert one.x_train.dtype == "float32"
    assert "2 classes" in repr(one)


def test_pictures_that_are_too_large_are_named_and_filters_of_warnings_stay(folder, monkeypatch):
    picture(30, size=(60, 60)).save(folder / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2000)
    before = list(warnings.filters)
    data = datasets.from_folder(folder, SHAPE)
    assert row_of(data, "large.png")["why"].startswith("too large")
    assert list(warnings.filters) == before


def test_images_that_look_alike_are_told(folder):
    buffer = io.BytesIO()
    picture(5).save(buffer, "png", compress_level=1)
    (folder / "05 again.png").write_bytes(buffer.getvalue())
    data = datasets.from_folder(folder, SHAPE)
    assert ("05 again.png", "05.png") in data.report.near
    assert any("look alike: 1 group, " in note for note in data.report.notes)


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (lambda path: path, {}, "Received: no files. Formats are told by content"),
        (lambda path: path / "nowhere", {}, "nothing there"),
        (lambda path: (path / "a.txt").write_text("x") and path, {}, "none of which is one"),
        (lambda path: (path / "a").write_text("x") and path / "a", {}, "unpack it first"),
        (lambda path: path, {"image_shape": (16, 16)}, "image_shape"),
        (lambda path: path, {"image_shape": (16, 16, 4)}, "1 channel"),
        (lambda path: path, {"fit": "stretch"}, "'crop', 'pad', 'squeeze'"),
        (lambda path: path, {"image_shape": (16.5, 16, 3)}, "16.5"),
        (lambda path: path, {"image_shape": 16}, "image_shape"),
        (lambda path: path, {"test_share": 1.5}, "test_share"),
        (lambda path: path, {"test_share": "0.15"}, "test_share"),
        (lambda path: path, {"cache": None}, "cache"),
        (lambda path: "", {}, "an empty one"),
    ],
)
def test_what_is_no_folder_of_images_is_refused(make, arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        datasets.from_folder(make(tmp_path), **{"image_shape": SHAPE, **arguments})


def test_the_report_reads_well_as_text_and_on_pages(folder):
    (folder / "<b>.txt").write_text("no picture")
    report = datasets.from_folder(folder, SHAPE).report
    assert repr(report) == str(report)
    assert repr(report).startswith("12 read, 1 rejected\n- 12 images are few")
    assert "test images are few" in repr(report)
    page = report._repr_html_()
    assert "&lt;b&gt;.txt" in page
    assert "<b>.txt" not in page
    for cell in ("<td>40</td>", "<td>30</td>", "<td>rejected</td>", "no image of a known format"):
        assert cell in page
    assert "12 images are few" in page


def orientation_beside_damage(turn):
    """EXIF with an orientation, and beside it a width that is text."""
    entries = [(0x100, 2, 4, b"abc\0"), (0x112, 3, 1, bytes([turn, 0, 0, 0]))]
    table = b"".join(struct.pack("<HHI", *entry[:3]) + entry[3] for entry in entries)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4)


@pytest.mark.parametrize("turn", range(1, 9))
def test_pictures_are_turned_upright_however_their_tags_are_damaged(turn, folder):
    exif = Image.Exif()
    exif[0x0112] = turn
    picture(50).save(folder / "whole.jpg", exif=exif, quality=95)
    picture(50).save(folder / "odd.jpg", exif=orientation_beside_damage(turn), quality=95)
    with Image.open(folder / "whole.jpg") as image:
        wanted = ImageOps.exif_transpose(image).resize((16, 16), Image.Resampling.LANCZOS)
    images = all_images(datasets.from_folder(folder, SHAPE, fit="squeeze"))
    for name in ("whole.jpg", "odd.jpg"):
        np.testing.assert_array_equal(np.round(255 * images[name]), np.asarray(wanted))


def test_no_file_stops_the_reading_of_the_others(folder, monkeypatch):
    Image.fromarray(np.ones((8, 8), "int32")).save(folder / "ints.tiff")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe")
    with (folder / "movie.mp4").open("wb") as file:
        file.truncate(3 << 30)  # sparse: as large as a film, without its bytes
    content = bytearray(zip_of({"1.png": (folder / "01.png").read_bytes()}))
    at = content.index(b"IDAT") + 8
    content[at] ^= 1
    (folder / "damaged.zip").write_bytes(bytes(content))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    data = datasets.from_folder(folder, SHAPE)
    if sys.platform == "linux":
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + 500_000
    table = data.report.table.set_index("file")
    assert "range is unknown" in table.loc["ints.tiff", "why"]
    assert table.loc["movie.mp4", "why"] == "no image of a known format"
    if hasattr(os, "mkfifo"):
        assert table.loc["pipe", "became"] == "skipped"
    with pytest.raises(ValueError, match="none of which is one"):
        datasets.from_folder(folder / "damaged.zip", SHAPE)


def zip_of(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that come twice
        for name, content in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, content)
    return buffer.getvalue()


def test_archives_of_all_tools_are_read(folder):
    contents = [(folder / f"{number:02d}.png").read_bytes() for number in range(6)]
    names = [
        "/cats/0.png",
        "cats\\1.png",
        "cats/2.png",
        "dogs/3.png",
        "../dogs/4.png",
        "cats/2.png",
    ]
    (folder / "set.zip").write_bytes(zip_of(list(zip(names, contents, strict=True))))
    data = datasets.from_folder(folder / "set.zip", SHAPE, test_share=0.3)
    assert (data.report.table["became"] == "read").all()
    assert "cats/2.png (again)" in set(data.report.table["file"])


def test_copies_in_another_format_or_size_look_alike_and_other_pictures_do_not(tmp_path):
    faces = datasets.load("faces").x_train[:40]
    for number, face in enumerate(faces):
        original = Image.fromarray((255 * face).astype(np.uint8)).resize((128, 128))
        original.save(tmp_path / f"{number:02d}.png")
        copy = original.resize((90, 90)) if number % 2 else original
        copy.save(tmp_path / f"{number:02d} copy.jpg", quality=80)
    near = datasets.from_folder(tmp_path, (32, 32, 3)).report.near
    pairs = {(f"{number:02d} copy.jpg", f"{number:02d}.png") for number in range(40)}
    assert len(pairs & set(near)) >= 36
    assert set(near) <= pairs


@pytest.mark.parametrize(
    ("places", "note"),
    [
        (["train/cat/{}"] * 9 + ["test/cat/{}"] * 3, "name the folder of one of them"),
        (["cat/{}"] * 11 + ["{}"], "outside of all folders: 11.png"),
        (["cat/{}"] * 6 + ["dog/{}"] * 6 + ["hen/none.txt"], "No image could be read in: hen"),
        (["cat/{}"] * 6 + ["dog/{}"] * 6 + ["dog/0.png", "dog/1.png"], "2 files lie in two"),
    ],
)
def test_what_is_odd_about_classes_is_told(places, note, tmp_path):
    for number, place in enumerate(places):
        path = tmp_path / "set" / place.format(f"{number}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            picture(int(path.stem)).save(path)
        else:
            path.write_text("no picture")
    notes = datasets.from_folder(tmp_path / "set", SHAPE).report.notes
    assert any(note in told for told in notes), notes


def test_small_copies_inside_of_the_folder_are_no_images_of_it(folder):
    for _ in range(2):
        table = datasets.from_folder(folder, SHAPE, cache=folder).report.table
    assert table["became"].tolist().count("read") == 12
    assert table.set_index("file").loc["folders", "became"] == "skipped"


def test_a_folder_that_cannot_be_listed_is_named(folder, monkeypatch):
    (folder / "closed").mkdir()
    scan = os.scandir

    def refuse(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    table = datasets.from_folder(folder, SHAPE).report.table.set_index("file")
    assert table.loc["closed", "why"] == "cannot be read: Permission denied"


def test_paths_of_all_kinds_are_taken(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    wanted = len(datasets.from_folder(folder, SHAPE).x_train)
    for path in (folder, os.fsencode(folder), f"~/{folder.name}", f"{folder}/"):
        assert len(datasets.from_folder(path, SHAPE).x_train) == wanted
    assert len(datasets.load(folder, np.array(SHAPE)).x_train) == wanted
    for name in ("a" * 300, "~nobody at all", "", None, 3):
        with pytest.raises(ValueError, match=r"Unknown data set|an empty one"):
            datasets.load(name)
