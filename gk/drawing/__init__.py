"""Pictures as functions of named features: digits, faces and pets."""

from gk.drawing.digits import draw_digit, sample_digit_attributes
from gk.drawing.faces import draw_face, sample_face_attributes
from gk.drawing.pets import draw_pet, sample_pet_features

__all__ = [
    "draw_digit",
    "draw_face",
    "draw_pet",
    "sample_digit_attributes",
    "sample_face_attributes",
    "sample_pet_features",
]
