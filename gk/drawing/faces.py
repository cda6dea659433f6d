"""Portraits of invented people: attributes in, a 32 x 32 picture out."""

import numpy as np

from gk.drawing.canvas import Canvas, mix, ramp

SIDE = 32

# Lowest and highest value of each attribute. The first three are either 0 or 1.
ATTRIBUTES = {
    "sunglasses": (0.0, 1.0),
    "beard": (0.0, 1.0),
    "hat": (0.0, 1.0),
    "smile": (-1.0, 1.0),
    "mouth_opening": (0.0, 1.0),
    "head_turn": (-1.0, 1.0),
    "hair_colour": (0.0, 1.0),
    "hair_length": (0.0, 1.0),
    "skin_tone": (0.0, 1.0),
    "face_width": (0.0, 1.0),
}
BINARY_ATTRIBUTES = ("sunglasses", "beard", "hat")

SKINS = [(0.99, 0.86, 0.76), (0.93, 0.74, 0.58), (0.74, 0.52, 0.36), (0.45, 0.30, 0.21)]
HAIRS = [(0.08, 0.07, 0.08), (0.33, 0.19, 0.10), (0.66, 0.32, 0.12), (0.95, 0.80, 0.45)]
CLOTHES = [(0.86, 0.30, 0.26), (0.96, 0.72, 0.24), (0.30, 0.62, 0.42), (0.25, 0.45, 0.75)]
SKIES = [(0.72, 0.86, 0.95), (0.80, 0.92, 0.80), (0.98, 0.90, 0.74), (0.92, 0.82, 0.92)]
EYES = [(0.28, 0.18, 0.10), (0.25, 0.50, 0.30), (0.20, 0.42, 0.75)]
INK = (0.12, 0.09, 0.10)


def sample_face_attributes(rng):
    """Draws the attributes of one portrait, independently of each other.

    Sunglasses, a beard and a hat are worn by 30 % each; all others are uniform.
    """
    attributes = {name: float(rng.uniform(*limits)) for name, limits in ATTRIBUTES.items()}
    for name in BINARY_ATTRIBUTES:
        attributes[name] = float(attributes[name] < 0.3)
    return attributes


def draw_face(
    sunglasses=0,
    beard=0,
    hat=0,
    smile=0.5,
    mouth_opening=0.0,
    head_turn=0.0,
    hair_colour=0.3,
    hair_length=0.4,
    skin_tone=0.3,
    face_width=0.5,
    identity=0,
    side=SIDE,
):
    """Draws a portrait.

    Args:
        sunglasses: 0 or 1.
        beard: 0 or 1.
        hat: 0 or 1.
        smile: -1 is a sad mouth, 0 a straight one, 1 a broad smile.
        mouth_opening: 0 closed to 1 wide open.
        head_turn: -1 looks to the picture's left, 1 to its right.
        hair_colour: black, brown, red, blond, from 0 to 1.
        hair_length: cropped to shoulder-long, from 0 to 1.
        skin_tone: light to dark, from 0 to 1.
        face_width: narrow to broad, from 0 to 1.
        identity: non-negative integer; the person. It fixes what the attributes leave open:
            distance of the eyes, brows, nose, length of the face, colours of the eyes,
            the clothes and the background. The same person can be drawn with and without
            a beard.
        side: height and width in pixels; the same face for any.

    Returns:
        uint8 array `(side, side, 3)`.

    Raises:
        ValueError: if an attribute is outside its range.
    """
    given = dict(locals())
    for name, (low, high) in ATTRIBUTES.items():
        if not low <= given[name] <= high:
            raise ValueError(
                f"draw_face: `{name}` must be between {low:g} and {high:g}. Received: {given[name]}"
            )
    for name in BINARY_ATTRIBUTES:
        if given[name] not in (0, 1):
            raise ValueError(f"draw_face: `{name}` must be 0 or 1. Received: {given[name]}")
    person = np.random.default_rng([identity, 7])
    eye_distance, nose_length, brow_slope, face_length, fringe = person.uniform(-1, 1, 5)
    eye_colour, clothes, sky = (
        ramp(colours, person.uniform()) for colours in (EYES, CLOTHES, SKIES)
    )
    skin, hair = ramp(SKINS, skin_tone), ramp(HAIRS, hair_colour)
    shadow = mix(skin, INK, 0.18)
    half_width, half_height = 0.40 + 0.13 * face_width, 0.58 + 0.03 * face_length
    # The features of the face lie on a ball: a turn shifts them and narrows the far side.
    turn = 0.55 * head_turn

    def on_face(x, y):
        return half_width * np.sin(np.arcsin(np.clip(x, -1, 1)) + turn), y

    canvas = Canvas(side, sky)
    back = -0.10 * head_turn
    hair_end = -0.10 + 0.85 * hair_length
    canvas.ellipse((back, -0.14), (half_width + 0.10, 0.60), hair)
    hair_box = [(-half_width - 0.10, -0.14), (half_width + 0.10, -0.14)]
    hair_box += [(half_width + 0.12, hair_end), (-half_width - 0.12, hair_end)]
    canvas.polygon([(x + back, y) for x, y in hair_box], hair)
    canvas.ellipse((0, 1.20), (0.78, 0.50), clothes)
    canvas.blob([(-0.19, 0.3), (0.19, 0.3), (0.21, 0.78), (-0.21, 0.78)], shadow, 0.3)
    for side in (-1, 1):
        if side * head_turn < 0.6:
            ear = side * (half_width - 0.01) + 0.12 * back
            canvas.ellipse((ear, 0.05), (0.09, 0.13), shadow)
    canvas.ellipse((0, 0.0), (half_width, half_height), skin)

    if beard:
        # Along the jaw and over the lip, leaving the mouth free.
        jaw = [on_face(x, y) for x, y in ((-0.97, 0.12), (-0.6, 0.26), (0.6, 0.26), (0.97, 0.12))]
        chin = [(half_width * 0.84, 0.42), (half_width * 0.42, 0.66), (0, 0.72)]
        chin += [(-half_width * 0.42, 0.66), (-half_width * 0.84, 0.42)]
        canvas.polygon(jaw + [(x + 0.04 * head_turn, y) for x, y in chin], mix(hair, INK, 0.15))
    cap = [(-half_width - 0.02, -0.06), (-half_width * 0.9, -0.40), (0, -0.66)]
    cap += [(half_width * 0.9, -0.40), (half_width + 0.02, -0.06)]
    parting = on_face(0.5 * fringe, -0.34)
    inner = [on_face(0.86, -0.20), parting, on_face(-0.86, -0.20)]
    canvas.polygon(cap + inner, hair)

    spread = 0.40 + 0.05 * eye_distance
    for side in (-1, 1):
        x, y = on_face(side * spread, -0.05)
        canvas.ellipse((x, y), (0.105, 0.075), (1, 1, 1))
        canvas.ellipse((x + 0.04 * head_turn, y), (0.055, 0.065), eye_colour)
        canvas.ellipse((x + 0.04 * head_turn, y), (0.028, 0.032), INK)
        outer, middle = on_face(side * (spread + 0.2), -0.20), on_face(side * (spread - 0.2), -0.20)
        slope = 0.04 * brow_slope
        brow = [(outer[0], outer[1] + slope), (middle[0], middle[1] - slope)]
        canvas.line(brow, 0.05, mix(hair, INK, 0.4))
    bridge, tip = on_face(0.0, 0.0), on_face(0.10, 0.17 + 0.03 * nose_length)
    canvas.line([bridge, tip, on_face(-0.06, tip[1])], 0.05, mix(skin, INK, 0.35))

    if sunglasses:
        for side in (-1, 1):
            x, y = on_face(side * spread, -0.04)
            top, bottom = y - 0.1, y + 0.12
            lens = [(x - 0.17, top), (x + 0.17, top), (x + 0.13, bottom), (x - 0.13, bottom)]
            canvas.blob(lens, INK, tension=0.5)
            canvas.ellipse((x - 0.05, y - 0.04), (0.035, 0.03), (0.55, 0.6, 0.7))
        frame = [on_face(-0.99, -0.08), on_face(-spread, -0.08), on_face(spread, -0.08)]
        canvas.line([*frame, on_face(0.99, -0.08)], 0.05, INK)

    _mouth(canvas, on_face, smile, mouth_opening)
    if hat:
        band, felt = mix(clothes, INK, 0.45), mix(clothes, (1, 1, 1), 0.12)
        crown = half_width + 0.06
        top = [(-crown * 0.86, -0.86), (crown * 0.86, -0.86)]
        canvas.blob([(-crown, -0.36), *top, (crown, -0.36)], felt, tension=0.35)
        canvas.polygon([(-crown, -0.48), (crown, -0.48), (crown, -0.36), (-crown, -0.36)], band)
        canvas.ellipse((0.14 * head_turn, -0.35), (half_width + 0.26, 0.075), felt)
    return canvas.picture()


def _mouth(canvas, on_face, smile, opening):
    lips = (0.72, 0.26, 0.26)
    across = np.linspace(-1, 1, 9)
    reach = 0.44 + 0.10 * smile
    # Corners rise with the smile while the middle sinks.
    corner_rise = 0.19 * smile * (across**2 - 0.4)
    gap = 0.21 * opening * (1 - across**2)
    middle = 0.37 - corner_rise
    upper = [on_face(*point) for point in zip(reach * across, middle - 0.3 * gap, strict=True)]
    lower = [on_face(*point) for point in zip(reach * across, middle + gap, strict=True)]
    canvas.polygon(upper + lower[::-1], (0.35, 0.08, 0.10))
    if opening > 0.25:
        teeth = [(x, y + 0.05 * opening) for x, y in upper[2:-2]]
        canvas.polygon(upper[2:-2] + teeth[::-1], (1, 1, 1))
    canvas.line(upper, 0.06, lips)
    canvas.line(lower, 0.06, lips)
