"""One file becomes one image, by what it is and not by what it is called."""

import hashlib
import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

FITS = ("crop", "pad", "squeeze")
# Of what is decoded from the same bytes: kept images of another version are made anew.
VERSION = 2
# Of a file, in bytes: pictures are smaller, and what is larger fills memory.
LARGEST = 1 << 30
FACTS = ("digest", "look", "width", "height", "mode", "why")
ORIENTATION = 0x0112  # in EXIF, from 1 to 8
METHODS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decoded(open_file, image_shape, fit):
    """Reads one file; whatever is wrong with it becomes a reason and not an error.

    Args:
        open_file: function that opens it for bytes.
        image_shape: `(height, width, channels)`.
        fit: one of `FITS`.

    Returns:
        A uint8 array of that shape, or `None`; and a dict of facts, as texts: `digest`, the
        SHA-256 of the bytes, `look`, the picture in 8 × 8 greys, `width`, `height` and `mode`
        as stored, and `why` there is no image.
    """
    facts = dict.fromkeys(FACTS, "")
    try:
        with open_file() as file:
            try:
                Image.open(file)  # the first bytes tell what is no image, however large it is
            except UnidentifiedImageError:
                file.seek(0)
                why = "no image of a known format" if file.read(1) else "empty"
                return None, {**facts, "digest": "none", "why": why}
            file.seek(0)
            content = file.read(LARGEST + 1)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        return None, {**facts, "digest": "none", "why": f"too large: {error}"}
    except Exception as error:  # no permission, a password, a damaged entry of an archive
        return None, {**facts, "why": f"cannot be opened: {error}"}
    facts["digest"] = hashlib.sha256(content).hexdigest()
    if len(content) > LARGEST:
        return None, {**facts, "why": "too large: more than 1 GiB"}
    try:
        with Image.open(io.BytesIO(content)) as image:
            facts |= {"width": str(image.width), "height": str(image.height), "mode": image.mode}
            array = _fitted(_plain(image, image_shape[2]), image_shape, fit)
    # Each of Pillow's fifty formats fails in ways of its own.
    except Exception as error:
        return None, {**facts, "why": f"cannot be decoded: {error}"}
    return array, {**facts, "look": _look(array)}


def _plain(image, channels):
    """Returns the first frame, upright, without transparency, in grey or in colour."""
    # Not `ImageOps.exif_transpose`, which fails where another tag beside it is damaged.
    turn, has_16_bits = METHODS.get(image.getexif().get(ORIENTATION)), image.mode[:4] == "I;16"
    has_16_bits |= image.mode == "I" and image.format in ("PNG", "PPM")
    image = image if turn is None else image.transpose(turn)
    if has_16_bits:  # which Pillow would clip instead of scaling them
        image = Image.fromarray((np.asarray(image) / 257).round().astype(np.uint8))
    elif image.mode[0] in "FI":
        raise ValueError("pixels of 32 bits, whose range is unknown")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if channels == 1 else "RGB")


def _fitted(image, image_shape, fit):
    """Returns an image of the wanted shape as an array; Pillow averages where it shrinks."""
    height, width, _ = image_shape
    size, method = (width, height), Image.Resampling.LANCZOS
    if fit == "crop":
        image = ImageOps.fit(image, size, method)
    elif fit == "pad":
        image = ImageOps.pad(image, size, method, color="white")
    else:
        image = image.resize(size, method)
    return np.asarray(image).reshape(image_shape)


def _look(array):
    picture = Image.fromarray(array.squeeze(axis=-1) if array.shape[-1] == 1 else array)
    return picture.convert("L").resize((8, 8), Image.Resampling.BOX).tobytes().hex()
