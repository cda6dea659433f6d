"""Measures, each with a definition, a range, a direction and a source."""

from gk.metrics.images import copied_share, psnr
from gk.metrics.latent import (
    active_units,
    completeness,
    continuity,
    draw_points,
    gap_fraction,
    line,
    mean_with_interval,
)
from gk.metrics.samples import (
    frechet_distance,
    inside,
    nearest_distances,
    precision_recall,
)

__all__ = [
    "active_units",
    "completeness",
    "continuity",
    "copied_share",
    "draw_points",
    "frechet_distance",
    "gap_fraction",
    "inside",
    "line",
    "mean_with_interval",
    "nearest_distances",
    "precision_recall",
    "psnr",
]
