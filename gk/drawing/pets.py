"""Dogs and cats that are a function of five named features: features in, picture out."""

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

from gk.drawing.canvas import Canvas, mix, ramp

SIDE = 32
CLASS_NAMES = ("cat", "dog")
FEATURES = ("ear_length", "ear_pointedness", "eye_roundness", "muzzle_length", "coat_colour")

# Kinds of cats and dogs: how common each is among its class, then mean and standard
# deviation of the four features that tell them apart. The classes overlap on purpose: a
# spitz has a cat's ears, a fold a dog's eyes.
KINDS = {
    "cat": {
        "shorthair": (0.7, (0.45, 0.80, 0.35, 0.28), (0.10, 0.10, 0.12, 0.10)),
        "fold": (0.3, (0.22, 0.45, 0.60, 0.15), (0.08, 0.12, 0.10, 0.08)),
    },
    "dog": {
        "hound": (0.55, (0.75, 0.18, 0.60, 0.66), (0.11, 0.10, 0.12, 0.12)),
        "spitz": (0.45, (0.38, 0.75, 0.62, 0.48), (0.10, 0.10, 0.12, 0.12)),
    },
}

COATS = [(0.25, 0.22, 0.22), (0.50, 0.34, 0.22), (0.78, 0.52, 0.28), (0.93, 0.82, 0.64)]
BACKGROUND = (0.62, 0.80, 0.80)
INK = (0.10, 0.08, 0.09)


def sample_pet_features(class_name, rng):
    """Draws the five features of one cat or dog, each in [0, 1].

    The coat's colour has the same distribution for both, so that it tells nothing.
    """
    kinds = list(KINDS[class_name].values())
    _, means, deviations = kinds[rng.choice(len(kinds), p=[kind[0] for kind in kinds])]
    while True:
        values = rng.normal(means, deviations)
        if np.all((values >= 0) & (values <= 1)):
            break
    return dict(zip(FEATURES, [*map(float, values), float(rng.uniform())], strict=True))


def log_density(features, class_name):
    """Returns how likely features are under the rule by which pets are drawn.

    The colour of the coat, which has the same density everywhere, is left out, and so is what
    the cut at 0 and 1 adds, which is the same for all pets of a kind.

    Args:
        features: array `(n, 5)`, in the order of `FEATURES`.
        class_name: `"cat"` or `"dog"`.

    Returns:
        Array `(n,)`, log densities in nats.
    """
    kinds = KINDS[class_name].values()
    densities = [
        np.log(weight) + norm.logpdf(np.asarray(features)[:, :4], means, deviations).sum(axis=1)
        for weight, means, deviations in kinds
    ]
    return logsumexp(densities, axis=0)


def draw_pet(ear_length, ear_pointedness, eye_roundness, muzzle_length, coat_colour):
    """Draws the head of a pet. All features run from 0 to 1.

    Args:
        ear_length: short to long.
        ear_pointedness: 0 is a round ear that hangs down, 1 a pointed one that stands.
        eye_roundness: 0 is a narrow, slanted eye, 1 a round one.
        muzzle_length: flat face to long snout.
        coat_colour: black, brown, ginger, cream.

    Returns:
        uint8 array `(32, 32, 3)`.

    Raises:
        ValueError: if a feature is outside [0, 1].
    """
    features = (ear_length, ear_pointedness, eye_roundness, muzzle_length, coat_colour)
    for name, value in zip(FEATURES, features, strict=True):
        if not 0 <= value <= 1:
            raise ValueError(f"draw_pet: `{name}` must be between 0 and 1. Received: {value}")
    coat = ramp(COATS, coat_colour)
    shade, light = mix(coat, INK, 0.3), mix(coat, (1, 1, 1), 0.45)
    canvas = Canvas(SIDE, BACKGROUND)
    canvas.ellipse((0, 1.15), (0.62, 0.5), shade)
    if ear_pointedness >= 0.5:
        _ears(canvas, ear_length, ear_pointedness, shade, mix(coat, (0.95, 0.6, 0.6), 0.5))
    canvas.ellipse((0, 0.08), (0.64, 0.58), coat)
    if ear_pointedness < 0.5:
        _ears(canvas, ear_length, ear_pointedness, shade, None)
    _eyes(canvas, eye_roundness)
    _muzzle(canvas, muzzle_length, light)
    return canvas.picture()


def draw_all(features):
    """Draws many pets.

    Args:
        features: array `(n, 5)`, in the order of `FEATURES`, each in [0, 1].

    Returns:
        float32 array `(n, 32, 32, 3)` in [0, 1].

    Raises:
        ValueError: if a feature is outside [0, 1].
    """
    return np.stack([draw_pet(*row) for row in features]).astype("float32") / 255


def drawable(features):
    """Returns those of many features, an array `(n, 5)`, that all lie in [0, 1]."""
    features = np.asarray(features)
    return features[np.all((features >= 0) & (features <= 1), axis=1)]


def _ears(canvas, length, pointedness, colour, inner):
    # The ear turns from hanging down beside the cheek to standing up on the head.
    angle = np.deg2rad(-75 + 142 * pointedness)
    along = np.array([np.cos(angle), -np.sin(angle)])
    across = np.array([along[1], -along[0]])
    reach, half_width = 0.30 + 0.55 * length, 0.22 + 0.02 * pointedness
    root = np.array([0.50 - 0.14 * pointedness, -0.30 + 0.06 * pointedness])
    tip_width = 0.95 * half_width * (1 - pointedness)
    outline = [
        root - across * half_width,
        root + along * reach * 0.7 - across * (half_width * 0.5 + tip_width * 0.5),
        root + along * reach - across * tip_width * 0.3,
        root + along * reach + across * tip_width * 0.3,
        root + along * reach * 0.7 + across * (half_width * 0.5 + tip_width * 0.5),
        root + across * half_width,
    ]
    for side in (-1, 1):
        points = np.array(outline) * (side, 1)
        canvas.blob(points, colour, tension=1 - pointedness)
        if inner is not None:
            center = points.mean(axis=0)
            canvas.blob(center + 0.5 * (points - center), inner, tension=1 - pointedness)


def _eyes(canvas, roundness):
    height, slant = 0.035 + 0.125 * roundness, 0.11 * (1 - roundness)
    for side in (-1, 1):
        x, y = side * 0.27, -0.06
        corners = [(x - side * 0.16, y + slant), (x, y - height), (x + side * 0.16, y - slant)]
        canvas.blob([*corners, (x, y + height)], (0.98, 0.95, 0.80))
        canvas.ellipse((x, y), (0.03 + 0.06 * roundness, height * 0.9), INK)
        canvas.ellipse((x + 0.03, y - height * 0.4), (0.025, 0.025), (1, 1, 1))


def _muzzle(canvas, length, colour):
    width, height = 0.22 + 0.12 * length, 0.14 + 0.26 * length
    nose = 0.20 + 0.16 * length
    mouth = nose + 0.10 + 0.22 * length
    canvas.ellipse((0, nose + 0.45 * height), (width, height), colour)
    size = 0.07 + 0.08 * length
    canvas.blob([(-size, nose - size * 0.6), (size, nose - size * 0.6), (0, nose + size)], INK, 0.5)
    canvas.line([(0, nose), (0, mouth)], 0.045, INK)
    for side in (-1, 1):
        canvas.line([(0, mouth), (side * 0.09, mouth + 0.05), (side * 0.17, mouth)], 0.045, INK)
