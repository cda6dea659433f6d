"""Your own images: a folder or a zip archive becomes a data set, with an account of every file."""

from gk.folders.reading import read
from gk.folders.report import Report

__all__ = ["Report", "read"]
