"""Small archives laid out as CIFAR-10, LFW and CelebA are published, to load in their place."""

import dataclasses
import hashlib
import io
import tarfile
import zipfile

import numpy as np
from PIL import Image

from gk import archives

# The number of a face can be read off its brightness, also when it was shrunk.
STEP = 5
ATTRIBUTE_NAMES = ["5_o_Clock_Shadow", *(f"Attribute_{number}" for number in range(38)), "Young"]


def cifar10(per_batch=3):
    """Files of the archive: labels count up, red counts with them, green and blue don't."""
    spec, number = archives.ARCHIVE_SETS["cifar10"], 0
    files = {}
    for batch in ("data_batch_1", *(f"data_batch_{n}" for n in range(2, 6)), "test_batch"):
        content = b""
        for _ in range(per_batch):
            planes = np.zeros((3, 32, 32), np.uint8)
            planes[0], planes[1, 0], planes[2, :, 0] = number, 100, 200
            content += bytes([number % 10]) + planes.tobytes()
            number += 1
        files[f"{spec.folder}/{batch}.bin"] = content
    files[f"{spec.folder}/batches.meta.txt"] = "\n".join([*spec.class_names, "", ""]).encode()
    files[f"{spec.folder}/readme.html"] = b"<html>"
    return files


def face(number, width, height):
    """A JPEG file of one grey, which tells the number."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), 3 * (STEP * number,)).save(buffer, "jpeg", quality=95)
    return buffer.getvalue()


def numbers_of(images):
    """The numbers of faces, read off images in [0, 1]."""
    return np.round(images.mean(axis=(1, 2, 3)) * 255 / STEP).astype(int).tolist()


def lfw(pictures=(2, 1, 9, 20)):
    """Files of the archive: persons with so many pictures each."""
    people = ["AJ_Cook", "AJ_Lamas", "Aaron_Eckhart", "Zydrunas_Ilgauskas"]
    names = [
        f"lfw_funneled/{person}/{person}_{number:04d}.jpg"
        for person, count in zip(people, pictures, strict=True)
        for number in range(1, count + 1)
    ]
    files = {name: face(number, 250, 250) for number, name in enumerate(names)}
    return {**files, "lfw_funneled/pairs_01.txt": b"AJ_Cook/AJ_Cook_0001.jpg\n"}


def celeba(count=30):
    """Files of the archive."""
    return {f"img_align_celeba/{n + 1:06d}.jpg": face(n, 178, 218) for n in range(count)}


def attribute_list(count=30):
    """Text of `list_attr_celeba.txt`: odd faces are young, and no one has anything else."""
    lines = [str(count), " ".join(ATTRIBUTE_NAMES) + " "]
    for number in range(count):
        lines.append(f"{number + 1:06d}.jpg" + 39 * " -1" + ("  1" if number % 2 else " -1"))
    return "\n".join([*lines, ""])


def partition_list(count=30):
    """Text of `list_eval_partition.txt`: the last five are the test set, before them validation."""
    parts = [
        0 if number < count - 10 else 1 if number < count - 5 else 2 for number in range(count)
    ]
    return "".join(f"{number + 1:06d}.jpg {part}\n" for number, part in enumerate(parts))


def packed(files, ending):
    """Returns an archive of files as bytes, a zip archive or a tar archive with gzip."""
    buffer = io.BytesIO()
    if ending == ".zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def stand_in(monkeypatch, name, files, **changes):
    """Has `gk` take an archive of these files for the published one; returns its content."""
    spec = archives.ARCHIVE_SETS[name]
    content = packed(files, spec.archive[-4:])
    changes["sha256"] = hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(archives.ARCHIVE_SETS, name, dataclasses.replace(spec, **changes))
    return content
