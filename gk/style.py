"""One look for all figures of the course: colours, sizes, white ground, sharp pictures."""

import base64
import io

import matplotlib
from IPython import get_ipython
from PIL import Image, ImageChops, ImageStat

# Colours that stay apart for most kinds of colour blindness (Okabe & Ito, 2008); the first
# three stay apart in grey, too. From the fourth on, let a marker or a label tell as well.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#E69F00", "#009E73", "#666666"
COLOURS = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#D55E00")
# Ten for classes (Petroff, 2021, arXiv:2107.02270), each with a marker of its own.
CLASS_COLOURS = (
    "#3F90DA",
    "#FFA90E",
    "#BD1F01",
    "#94A4A2",
    "#832DB6",
    "#A96B59",
    "#E76300",
    "#B9AC70",
    "#717581",
    "#92DADD",
)
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "<", ">", "*")

SMALLEST = 8  # points; nothing is written smaller
STYLE = {
    "axes.edgecolor": "black",
    "axes.facecolor": "white",
    "axes.labelcolor": "black",
    "axes.labelsize": 10,
    "axes.prop_cycle": matplotlib.cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": "black",
    "axes.titlesize": 11,
    "figure.dpi": 100,
    "figure.edgecolor": "white",
    "figure.facecolor": "white",
    "figure.titlesize": 11,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "legend.edgecolor": "0.8",
    "legend.facecolor": "white",
    "legend.fontsize": 9,
    "legend.framealpha": 0.9,
    "lines.linewidth": 1.6,
    "mathtext.fontset": "dejavusans",
    "savefig.facecolor": "white",
    "savefig.transparent": False,
    "text.color": "black",
    "xtick.color": "black",
    "xtick.labelsize": 9,
    "ytick.color": "black",
    "ytick.labelsize": 9,
}

SHARPNESS = 2  # pixels along each side of what a page takes for one


def use():
    """Gives all figures from now on the look of the course, and notebooks sharp pictures.

    `gk.setup` does it, and no import, so that whoever only needs a data set or a model of `gk`
    keeps a look of their own.
    """
    matplotlib.rcParams.update(STYLE)
    shell = get_ipython()
    if shell is not None:
        import matplotlib.pyplot as plt

        # Starts the backend, which else brought its own pictures with the first figure.
        plt.switch_backend(matplotlib.get_backend())
        shell.display_formatter.formatters["image/png"].for_type(plt.Figure, sharp_png)


def sharp_png(figure):
    """Returns a figure as IPython shows it, at twice the pixels along each side.

    A palette of 256 colours takes less than half the bytes of true colours, which more than
    pays for the pixels. It is used where it changes a picture, in the mean over all pixels, by
    less than one level of 255: for curves, scattered points and grey images, and not for most
    photographs and shaded maps.

    Args:
        figure: a Matplotlib figure.

    Returns:
        The PNG in base 64, and a dictionary with the `width` and `height` at which to show it;
        `None` for a figure with nothing in it.
    """
    if not (figure.axes or figure.texts):
        return None
    drawn, file = io.BytesIO(), io.BytesIO()
    quick = {"bbox_inches": "tight", "pil_kwargs": {"compress_level": 1}}
    figure.savefig(drawn, format="png", dpi=SHARPNESS * figure.dpi, **quick)
    picture = Image.open(drawn).convert("RGB")
    # Of Pillow's ways the one that keeps rare colours, such as those of a single thin line.
    few = picture.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
    change = ImageStat.Stat(ImageChops.difference(few.convert("RGB"), picture))
    if max(change.mean) < 1:
        few.save(file, "png", optimize=True)
    else:
        picture.save(file, "png")
    shown = {"width": picture.width // SHARPNESS, "height": picture.height // SHARPNESS}
    return base64.b64encode(file.getvalue()).decode("ascii"), shown
