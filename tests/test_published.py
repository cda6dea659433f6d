"""CIFAR-10, LFW and CelebA: small stand-ins with the same code behind them, and the real ones."""

import re
import shutil

import numpy as np
import pytest
import stand_ins

from gk import archives, datasets


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GK_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def put(monkeypatch, folder):
    """Puts a stand-in of a set where `load` looks for it, as the published archive."""

    def put_files(name, files, **changes):
        content = stand_ins.stand_in(monkeypatch, name, files, **changes)
        (folder / archives.ARCHIVE_SETS[name].archive).write_bytes(content)

    return put_files


@pytest.fixture
def celeba(put, folder):
    put("celeba", stand_ins.celeba(), num_images=30)
    return folder


def all_numbers(data):
    return sorted(stand_ins.numbers_of(data.x_train) + stand_ins.numbers_of(data.x_test))


def test_cifar10_comes_in_its_own_order_with_its_own_split(put):
    put("cifar10", stand_ins.cifar10(), num_images=18)
    data = datasets.load("cifar10")
    assert data.x_train.shape == (15, 32, 32, 3)
    assert data.x_test.shape == (3, 32, 32, 3)
    assert data.x_train.dtype == np.float32
    assert data.y_test.tolist() == [5, 6, 7]
    np.testing.assert_allclose(data.x_train[:, 5, 5, 0] * 255, np.arange(15), atol=1e-4)
    # The first row is green and the first column blue: no plane and no axis is mistaken.
    np.testing.assert_allclose(data.x_test[0, 0, 5] * 255, [15, 100, 0], atol=1e-4)
    np.testing.assert_allclose(data.x_test[0, 5, 0] * 255, [15, 0, 200], atol=1e-4)
    assert data.class_names == datasets.class_names("cifar10")
    assert data.class_names[5] == "dog"
    assert "Krizhevsky" in data.source


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda files: {name.replace("-bin", "-py"): file for name, file in files.items()},
            "found cifar-10-batches-py/data_batch_1.bin of 9,219",
        ),
        (lambda files: {**files, "cifar-10-batches-bin/data_batch_3.bin": b""}, "of 9,219 bytes"),
        (
            lambda files: {**files, "cifar-10-batches-bin/batches.meta.txt": b"apple\n"},
            "the classes apple",
        ),
        (
            lambda files: {
                **files,
                "cifar-10-batches-bin/test_batch.bin": bytes([10]) + bytes(9_218),
            },
            "labels below 10, found 10",
        ),
    ],
)
def test_another_layout_of_cifar10_is_refused(change, message, put, folder):
    put("cifar10", change(stand_ins.cifar10()), num_images=18)
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        datasets.load("cifar10")
    assert str(folder / "cifar-10-binary.tar.gz") in str(caught.value)
    assert "Move it away" in str(caught.value)


def test_people_are_the_classes_of_lfw(put):
    put("lfw", stand_ins.lfw(), num_images=32, num_classes=4)
    data = datasets.load("lfw", image_shape=(16, 20, 1))
    assert data.x_train.shape[1:] == (16, 20, 1)
    assert data.class_names == ("AJ_Cook", "AJ_Lamas", "Aaron_Eckhart", "Zydrunas_Ilgauskas")
    labels = np.concatenate([data.y_train, data.y_test])
    assert np.bincount(labels).tolist() == [2, 1, 9, 20]
    assert all_numbers(data) == list(range(32))
    assert data.source.endswith("split by content")
    assert data.report.table["became"].value_counts().to_dict() == {"read": 32, "rejected": 1}
    assert datasets.load("lfw").x_train.shape[1:] == (64, 64, 3)


def test_a_picture_that_two_people_share_is_taken_once(put):
    files = stand_ins.lfw()
    files["lfw_funneled/AJ_Lamas/AJ_Lamas_0001.jpg"] = files[
        "lfw_funneled/AJ_Cook/AJ_Cook_0001.jpg"
    ]
    put("lfw", files, num_images=32, num_classes=4)
    data = datasets.load("lfw", image_shape=(8, 8, 3))
    assert len(data.x_train) + len(data.x_test) == 31
    assert data.class_names == ("AJ_Cook", "Aaron_Eckhart", "Zydrunas_Ilgauskas")


def test_another_layout_of_lfw_is_refused(put, folder):
    put("lfw", stand_ins.lfw(), num_images=33, num_classes=4)
    with pytest.raises(ValueError, match=r"expected 33 \.jpg files in 4 folders.*found 32 in 4"):
        datasets.load("lfw")
    files = stand_ins.lfw()
    files["lfw_funneled/AJ_Cook/AJ_Cook_0001.jpg"] = stand_ins.face(0, 178, 218)
    shutil.rmtree(folder / "lfw_funneled")
    put("lfw", files, num_images=32, num_classes=4)
    with pytest.raises(ValueError, match="expected pictures of 250×250 pixels") as caught:
        datasets.load("lfw")
    assert "AJ_Cook_0001.jpg is another: 178×218" in str(caught.value)
    (folder / "lfw_funneled" / "AJ_Cook" / "AJ_Cook_0001.jpg").write_bytes(b"half a pict")
    with pytest.raises(ValueError, match=r"AJ_Cook_0001\.jpg is another: no image"):
        datasets.load("lfw")
    shutil.rmtree(folder / "lfw_funneled" / "AJ_Cook")
    with pytest.raises(ValueError, match="found 30 in 3") as caught:
        datasets.load("lfw")
    assert str(folder / "lfw_funneled") in str(caught.value)


def test_celeba_alone_has_one_class_and_no_attributes(celeba):
    data = datasets.load("celeba")
    assert data.x_train.shape[1:] == (64, 64, 3)
    assert all_numbers(data) == list(range(30))
    assert data.class_names == ("face",)
    assert set(data.report.table["class"]) == {"face"}
    assert not data.y_train.any()
    assert data.attributes_train is None
    assert data.source.endswith("arXiv:1411.7766), split by content")


def test_the_official_split_of_celeba_is_taken_where_it_lies_beside_it(celeba):
    (celeba / "list_eval_partition.txt").write_text(stand_ins.partition_list())
    data = datasets.load("celeba", (32, 32, 1))
    assert stand_ins.numbers_of(data.x_train) == list(range(25))
    assert stand_ins.numbers_of(data.x_test) == list(range(25, 30))
    assert len(data.y_test) == 5
    assert data.source.endswith("arXiv:1411.7766), official split")
    in_test = data.report.table.query("split == 'test'")["file"]
    assert in_test.tolist() == [f"img_align_celeba/{number:06d}.jpg" for number in range(26, 31)]


@pytest.mark.parametrize("official", [True, False])
def test_attributes_of_celeba_are_those_of_its_images(official, celeba):
    (celeba / "list_attr_celeba.txt").write_text(stand_ins.attribute_list())
    if official:
        (celeba / "list_eval_partition.txt").write_text(stand_ins.partition_list())
    data = datasets.load("celeba", (32, 32, 3))
    for images, table in (
        (data.x_train, data.attributes_train),
        (data.x_test, data.attributes_test),
    ):
        assert table.columns.tolist() == stand_ins.ATTRIBUTE_NAMES
        assert table.index.tolist() == list(range(len(images)))
        assert table["Young"].tolist() == [number % 2 for number in stand_ins.numbers_of(images)]
        assert not table.drop(columns="Young").any(axis=None)


def test_faces_with_the_same_bytes_keep_attributes_and_split_in_step(put, folder):
    files = stand_ins.celeba()
    files["img_align_celeba/000011.jpg"] = files["img_align_celeba/000001.jpg"]
    put("celeba", files, num_images=30)
    (folder / "list_attr_celeba.txt").write_text(stand_ins.attribute_list())
    (folder / "list_eval_partition.txt").write_text(stand_ins.partition_list())
    data = datasets.load("celeba", (32, 32, 3))
    numbers = stand_ins.numbers_of(data.x_train)
    assert numbers == [number for number in range(25) if number != 10]
    assert data.attributes_train["Young"].tolist() == [number % 2 for number in numbers]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (stand_ins.celeba(29), "expected 30 .jpg files in 1 folders.*found 29 in 1"),
        (
            {f"img_align_celeba/{name}": file for name, file in stand_ins.celeba().items()},
            "found 30 in 1, among them img_align_celeba/img_align_celeba/000001.jpg",
        ),
        (
            {name.replace("align_", ""): file for name, file in stand_ins.celeba().items()},
            "named as img_align_celeba/000001.jpg; found 30 in 1, among them img_celeba/000001.jpg",
        ),
        (
            {**stand_ins.celeba(), "img_align_celeba/000004.jpg": stand_ins.face(3, 178, 178)},
            "expected pictures of 178×218 pixels, img_align_celeba/000004.jpg is another: 178×178",
        ),
    ],
)
def test_another_layout_of_celeba_is_refused(files, message, put, folder):
    put("celeba", files, num_images=30)
    with pytest.raises(ValueError, match=message) as caught:
        datasets.load("celeba")
    assert str(folder / "img_align_celeba.zip") in str(caught.value)
    assert "https://mmlab.ie.cuhk.edu.hk" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("list_attr_celeba.txt", stand_ins.attribute_list(29), "30 pictures.*found 29 rows"),
        ("list_attr_celeba.txt", stand_ins.attribute_list().replace("-1", "2"), "40 columns"),
        ("list_attr_celeba.txt", stand_ins.attribute_list().replace("_9 ", "_9 X "), "other"),
        ("list_attr_celeba.txt", "", "it is not a table"),
        ("list_eval_partition.txt", stand_ins.partition_list(31), "30 pictures.*found 31 rows"),
        ("list_eval_partition.txt", stand_ins.partition_list().replace("g 1", "g 3"), r"0, 1, 2"),
        ("list_eval_partition.txt", stand_ins.partition_list().replace("00", "0"), "other names"),
    ],
)
def test_another_list_of_celeba_is_refused(name, content, message, celeba):
    (celeba / name).write_text(content)
    with pytest.raises(ValueError, match=message) as caught:
        datasets.load("celeba")
    assert str(celeba / name) in str(caught.value)
    assert "Move it away" in str(caught.value)


REAL = {"cifar10": (50_000, 10_000, 10), "lfw": (None, None, 5_749), "celeba": (None, None, 1)}


@pytest.mark.parametrize("name", REAL)
def test_real_set(name, need_real):
    """Minutes for CelebA: 202,599 pictures are read."""
    need_real(name)
    num_train, num_test, num_classes = REAL[name]
    data = datasets.load(name) if name == "cifar10" else datasets.load(name, (16, 16, 3))
    total = archives.ARCHIVE_SETS[name].num_images
    # Pictures of the same bytes are taken once.
    assert 0.99 * total < len(data.x_train) + len(data.x_test) <= total
    assert 0.99 * num_classes < len(data.class_names) <= num_classes
    if num_train:
        assert (len(data.x_train), len(data.x_test)) == (num_train, num_test)
        assert set(np.bincount(data.y_test)) == {1000}
