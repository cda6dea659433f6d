"""Archives of published sets: where they come from, their hash, and what must be in them."""

import dataclasses
import functools
import tempfile
from pathlib import Path, PurePosixPath

import pooch

from gk import fetch
from gk.files import damaged


@dataclasses.dataclass(frozen=True)
class ArchiveSet:
    """A set that is published as one archive.

    Attributes:
        class_names: tuple of strings; `None` where the archive alone knows them.
        num_classes, num_images: how many there are.
        source: one line for captions.
        page: where the set is described.
        addresses: of the archive, tried in turn; empty where they want a browser.
        archive: name of the archive.
        sha256: its hash, published by `hash_from`.
        first: name of the first file in it that matters.
        picture_shape: `(height, width, channels)` of the pictures in it.
        image_shape: that of the images made of them, unless told otherwise.
    """

    class_names: tuple | None
    num_classes: int
    num_images: int
    source: str
    page: str
    addresses: tuple
    archive: str
    sha256: str
    hash_from: str
    first: str
    picture_shape: tuple
    image_shape: tuple

    @property
    def folder(self):
        """The folder in the archive around all that matters."""
        return PurePosixPath(self.first).parts[0]


ARCHIVE_SETS = {
    "cifar10": ArchiveSet(
        class_names=(
            *("airplane", "automobile", "bird", "cat", "deer"),
            *("dog", "frog", "horse", "ship", "truck"),
        ),
        num_classes=10,
        num_images=60_000,
        source="CIFAR-10 (Krizhevsky, 2009)",
        page="https://www.cs.toronto.edu/~kriz/cifar.html",
        addresses=("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
        archive="cifar-10-binary.tar.gz",
        sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        hash_from="TensorFlow Datasets",
        first="cifar-10-batches-bin/data_batch_1.bin",
        picture_shape=(32, 32, 3),
        image_shape=(32, 32, 3),
    ),
    "lfw": ArchiveSet(
        class_names=None,
        num_classes=5_749,
        num_images=13_233,
        source="LFW, funneled (Huang, Ramesh, Berg and Learned-Miller, 2007)",
        page="http://vis-www.cs.umass.edu/lfw",
        addresses=(
            "https://ndownloader.figshare.com/files/5976015",
            "http://vis-www.cs.umass.edu/lfw/lfw-funneled.tgz",
        ),
        archive="lfw-funneled.tgz",
        sha256="b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a",
        hash_from="scikit-learn",
        first="lfw_funneled/AJ_Cook/AJ_Cook_0001.jpg",
        picture_shape=(250, 250, 3),
        image_shape=(64, 64, 3),
    ),
    "celeba": ArchiveSet(
        class_names=("face",),
        num_classes=1,
        num_images=202_599,
        source="CelebA (Liu, Luo, Wang and Tang, 2015, arXiv:1411.7766)",
        page="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        addresses=(),
        archive="img_align_celeba.zip",
        sha256="46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74",
        hash_from="TensorFlow Datasets",
        first="img_align_celeba/000001.jpg",
        picture_shape=(218, 178, 3),
        image_shape=(64, 64, 3),
    ),
}


def path_of(name):
    """Returns the path of a set's archive, which has the published hash.

    It is looked for in the folder of the real sets and in one named after the set below it, and
    else downloaded into the latter.

    Raises:
        ValueError: if another file lies in its place; that is left alone.
        FileNotFoundError: if it is not there and can only be put there by hand.
        ConnectionError, OSError: as `gk.fetch.fetch`.
    """
    spec = ARCHIVE_SETS[name]
    path = _found(name, spec.archive) or fetch.cache_folder() / name / spec.archive
    if not path.exists():
        if not spec.addresses:
            by_hand = fetch.put_by_hand(path.parent, {spec.archive: spec.page})
            raise FileNotFoundError(
                f"{name!r} is not there, and its hosts want a browser: {by_hand}"
            )
        mirrors = [{spec.archive: address} for address in spec.addresses]
        fetch.fetch(name, path.parent, {spec.archive: f"sha256:{spec.sha256}"}, mirrors)
    status = path.stat()
    received = _sha256(path, status.st_size, status.st_mtime_ns)
    if received != spec.sha256:
        what = f"{spec.hash_from} publishes the SHA-256 {spec.sha256}, received {received}"
        raise damaged(path, what, remedy(name, path))
    return path


def unpacked(name):
    """Returns the folder of a set, unpacked beside its archive, whole or not at all.

    A folder that lies there already is taken as it is, and needs no archive.
    """
    spec = ARCHIVE_SETS[name]
    if folder := _found(name, spec.folder):
        return folder
    archive = path_of(name)
    folder = archive.with_name(spec.folder)
    try:
        with tempfile.TemporaryDirectory(prefix="unfinished.", dir=archive.parent) as unfinished:
            pooch.Untar(extract_dir=unfinished)(str(archive), "download", None)
            whole = Path(unfinished, spec.folder)
            if not whole.is_dir():
                found = ", ".join(sorted(path.name for path in Path(unfinished).iterdir()))
                what = f"expected the folder {spec.folder} in it, found {found}"
                raise damaged(archive, what, remedy(name, archive))
            try:
                whole.rename(folder)
            except OSError:
                if not folder.is_dir():  # else another process was faster
                    raise
    except OSError as error:
        by_hand = f"Or unpack {archive} elsewhere and put the folder {spec.folder} there by hand."
        what = f"{archive.name} was not unpacked"
        raise fetch.cannot_write(error, archive.parent, what, by_hand) from error
    return folder


def check_names(name, path, names):
    """Refuses a folder or an archive that holds other pictures than those of the set.

    Args:
        name: of the set.
        path: of the folder or archive, for the error.
        names: of all files in it, from the set's own folder on.
    """
    spec = ARCHIVE_SETS[name]
    pictures = [PurePosixPath(file) for file in sorted(names) if file.endswith(".jpg")]
    depth = len(PurePosixPath(spec.first).parts)
    strange = [it for it in pictures if (len(it.parts), it.parts[0]) != (depth, spec.folder)]
    around = {picture.parent for picture in pictures}
    if strange or (len(pictures), len(around)) != (spec.num_images, spec.num_classes):
        what = (
            f"expected {spec.num_images:,} .jpg files in {spec.num_classes:,} folders, named as "
            f"{spec.first}; found {len(pictures):,} in {len(around):,}"
        )
        what += f", among them {strange[0]}" if strange else ""
        raise damaged(path, what, remedy(name, path))


def check_pictures(name, path, report):
    """Refuses a folder or an archive whose pictures have other sizes, or are damaged.

    Args:
        name: of the set.
        path: of the folder or archive, for the error.
        report: a `gk.folders.Report` of it.
    """
    height, width, _ = ARCHIVE_SETS[name].picture_shape
    table = report.table[report.table["file"].str.endswith(".jpg")]
    right = table["became"].isin(["read", "duplicate"])
    right &= (table["width"] == width) & (table["height"] == height)
    if not right.all():
        wrong = table[~right].iloc[0]
        found = wrong["why"] or f"{wrong['width']:.0f}×{wrong['height']:.0f}"
        what = f"expected pictures of {width}×{height} pixels, {wrong['file']} is another: {found}"
        raise damaged(path, what, remedy(name, path))


def remedy(name, path):
    """Returns what to do with a damaged file of a set, two sentences."""
    if ARCHIVE_SETS[name].addresses:
        return fetch.replace_by_hand(name, path)
    return (
        f"Move it away and put the published one (from {ARCHIVE_SETS[name].page}) in its place. "
        f"Nothing in {path.parent} was changed."
    )


def _found(name, file_name):
    """Returns where a file or folder of a set lies, or None."""
    folder = fetch.cache_folder()
    places = (folder / name / file_name, folder / file_name)
    return next((place for place in places if place.exists()), None)


@functools.lru_cache
def _sha256(path, size, modified):
    # Of a file as large as CelebA once in a process, unless it has changed since.
    return pooch.file_hash(str(path), alg="sha256")
