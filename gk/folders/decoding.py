"""One file becomes one image, by what it is and not by what it is called."""

import hashlib
import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

FITS = ("crop", "pad", "squeeze")
# Of what is decoded from the same bytes: kept images of another version are made anew.
VERSION = 1


def decoded(open_file, image_shape, fit):
    """Reads one file.

    Args:
        open_file: function that opens it for bytes.
        image_shape: `(height, width, channels)`.
        fit: one of `FITS`.

    Returns:
        A uint8 array of that shape, or `None`; and a dict of facts, as texts: `digest`, the
        SHA-256 of the bytes, `look`, which is equal for images that look alike, `width`,
        `height` and `mode` as stored, and `why` there is no image.
    """
    facts = dict.fromkeys(("digest", "look", "width", "height", "mode", "why"), "")
    try:
        with open_file() as file:
            content = file.read()
    except (OSError, RuntimeError) as error:  # no permission; a zip archive with a password
        return None, {**facts, "why": f"cannot be opened: {error}"}
    facts["digest"] = hashlib.sha256(content).hexdigest()
    try:
        with Image.open(io.BytesIO(content)) as image:
            facts |= {"width": str(image.width), "height": str(image.height), "mode": image.mode}
            array = _fitted(_plain(image, image_shape[2]), image_shape, fit)
    except UnidentifiedImageError:
        return None, {**facts, "why": "no image of a known format" if content else "empty"}
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return None, {**facts, "why": f"cannot be decoded: {error}"}
    except Image.DecompressionBombWarning as error:
        return None, {**facts, "why": f"too large: {error}"}
    return array, {**facts, "look": _look(array)}


def _plain(image, channels):
    """Returns the first frame, upright, without transparency, in grey or in colour."""
    image.seek(0)
    image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        raise ValueError("floating-point pixels, whose range is unknown")
    if image.mode.startswith("I"):  # 16 bits, which Pillow would clip instead of scaling them
        image = Image.fromarray((np.asarray(image) / 257).round().clip(0, 255).astype(np.uint8))
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
    """Returns what pictures share that are equal when shrunk to 16 × 16 pixels of 16 greys."""
    picture = Image.fromarray(array.squeeze(axis=-1) if array.shape[-1] == 1 else array)
    small = np.asarray(picture.convert("L").resize((16, 16), Image.Resampling.BOX))
    return hashlib.blake2b((small // 16).tobytes(), digest_size=12).hexdigest()
