"""MNIST and Fashion-MNIST: found on disk or downloaded, checked against published hashes."""

import dataclasses
import gzip
import hashlib
import zlib

import numpy as np

from gk import fetch
from gk.files import damaged, read_npz


@dataclasses.dataclass(frozen=True)
class RealSet:
    """A set of four IDX files; all tuples of hashes are in the order of `IDX_FILES`.

    `gz_sha256` are the hashes of the files as they are published, `idx_sha256` those of the
    uncompressed files, that is of the content, in whatever container it comes.
    """

    class_names: tuple
    source: str
    mirrors: tuple
    gz_sha256: tuple
    idx_sha256: tuple


IDX_FILES = {
    "x_train": ("train-images-idx3-ubyte", (60000, 28, 28)),
    "y_train": ("train-labels-idx1-ubyte", (60000,)),
    "x_test": ("t10k-images-idx3-ubyte", (10000, 28, 28)),
    "y_test": ("t10k-labels-idx1-ubyte", (10000,)),
}

REAL_SETS = {
    "mnist": RealSet(
        tuple("0123456789"),
        "MNIST (LeCun, Cortes and Burges, 1998)",
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
        (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    "fashion_mnist": RealSet(
        (
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        "Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017, arXiv:1708.07747)",
        (
            "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
        (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
}


def read(name):
    """Returns the arrays of a real set, from disk where it is there, or else by download.

    Args:
        name: a key of `REAL_SETS`.

    Returns:
        dict with the keys of `IDX_FILES`; uint8 images `(n, 28, 28)` and labels `(n,)`.

    Raises:
        ValueError: if a file is truncated, altered or wrongly shaped.
        ConnectionError: if no mirror answers.
        OSError: if the folder cannot be written to, or is full.
    """
    folder = fetch.cache_folder()
    if (folder / f"{name}.npz").exists():
        return _read_real_npz(name, folder / f"{name}.npz")
    paths = _find_idx_files(name, folder)
    if missing := [key for key, path in paths.items() if path is None]:
        _download(name, folder / name, missing)
        paths = _find_idx_files(name, folder)
    return {key: _read_idx(name, key, path) for key, path in paths.items()}


def _read_real_npz(name, path):
    remedy = fetch.replace_by_hand(name, path)
    arrays = read_npz(path, remedy)
    if missing := [key for key in IDX_FILES if key not in arrays]:
        raise damaged(path, f"expected arrays {list(IDX_FILES)}, missing are {missing}", remedy)
    for key in IDX_FILES:
        _check_content(name, key, arrays[key], path)
    return {key: arrays[key] for key in IDX_FILES}


def _find_idx_files(name, folder):
    """Returns for each IDX file the path at which it lies, plain or gzipped, or None."""
    # The files of Fashion-MNIST have the same names, so the folder itself is for MNIST's.
    folders = [folder / name, folder] if name == "mnist" else [folder / name]
    paths = {}
    for key, (file_name, _) in IDX_FILES.items():
        places = [place / f"{file_name}{ending}" for place in folders for ending in ("", ".gz")]
        paths[key] = next((place for place in places if place.exists()), None)
    return paths


def _read_idx(name, key, path):
    remedy = fetch.replace_by_hand(name, path)
    content = path.read_bytes()
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise damaged(path, f"it is not a complete gzip file ({error})", remedy) from error
    shape = IDX_FILES[key][1]
    header = _idx_header(shape)
    expected_size = len(header) + int(np.prod(shape))
    if content[: len(header)] != header or len(content) != expected_size:
        what = f"expected an IDX file of {expected_size} bytes for shape {shape}"
        raise damaged(path, f"{what}, received {len(content)} bytes", remedy)
    array = np.frombuffer(content, dtype=np.uint8, offset=len(header)).reshape(shape)
    _check_content(name, key, array, path)
    return array


def _check_content(name, key, array, path):
    """Compares an array with its shape and its published hash."""
    remedy, shape = fetch.replace_by_hand(name, path), IDX_FILES[key][1]
    if array.shape != shape or array.dtype != np.uint8:
        what = f"expected {key} as uint8 {shape}, received {array.dtype} {array.shape}"
        raise damaged(path, what, remedy)
    digest = hashlib.sha256(_idx_header(shape) + array.tobytes()).hexdigest()
    if digest != _hash_by_key(name, "idx_sha256")[key]:
        raise damaged(path, f"its {key} differs from the published {name}", remedy)


def _idx_header(shape):
    return bytes([0, 0, 8, len(shape)]) + np.array(shape, dtype=">i4").tobytes()


def _hash_by_key(name, kind):
    return dict(zip(IDX_FILES, getattr(REAL_SETS[name], kind), strict=True))


def _download(name, folder, keys):
    hashes = _hash_by_key(name, "gz_sha256")
    published = {f"{IDX_FILES[key][0]}.gz": f"sha256:{hashes[key]}" for key in keys}
    mirrors = REAL_SETS[name].mirrors
    fetch.fetch(
        name, folder, published, [{file: mirror + file for file in published} for mirror in mirrors]
    )
