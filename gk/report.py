"""One report of how good generated images are, for notebooks, benchmarks and scripts alike."""

import numpy as np

from gk import metrics
from gk.contract import Images

NUM_IMAGES, FEWEST = 5000, 4
NUM_FOR_NEIGHBOURS = 2000
NUM_FOR_COPIES = 500


def quality(images, data, judge, train_images=None, seed=0):
    """Returns how good a set of generated images, or a model, is.

    Args:
        images: array `(n, height, width, channels)` in [0, 1], or a model with `generate`, of
            which 5,000 are taken.
        data: the `gk.datasets.Dataset` that the model has learned from.
        judge: `gk.judges.Judge` of that set, or other `gk.features.Features`.
        train_images: what the model has learned from, where that is not `data.x_train`.
        seed: integer, for a model's random vectors.

    Returns:
        A dict. `Fréchet distance` of the images, of as many as there are for training at most,
        to all test images, in the judge's features, and `ratio` of it to that of as many real
        ones, 1 for a generator as good as the data; `precision` and `recall` (up to 2,000
        images each); `copies`, the share of 500 images that are nearer to a training image than
        all but 1 % of as many unseen ones are. For sets of two or more classes also the judge's
        mean `confidence` and the shares of the `rarest class` and the `most frequent class`.

    Raises:
        ValueError: if the images are not such as the data set's, or fewer than four.
    """
    if hasattr(images, "generate"):
        images = images.generate(NUM_IMAGES, seed=seed)
    if min(len(data.x_train), len(data.x_test)) < FEWEST:
        raise ValueError(
            f"Expected at least {FEWEST} training and {FEWEST} test images to measure against. "
            f"Received: {len(data.x_train)} and {len(data.x_test)}. More images, or another "
            "test_share."
        )
    kind = Images(data.x_train.shape[1:])
    images = kind.check(images, "images")
    if len(images) < FEWEST:
        raise ValueError(f"Expected at least {FEWEST} images. Received: {len(images)}")
    learned = data.x_train if train_images is None else train_images
    learned = kind.check(learned, "train_images")
    real, features = judge.features(data.x_test), judge.features(images)
    num = min(len(images), len(data.x_train))
    distance = metrics.frechet_distance(real, features[:num])
    floor = metrics.frechet_distance(real, judge.features(data.x_train[:num]))
    precision, recall = metrics.precision_recall(
        real[:NUM_FOR_NEIGHBOURS], features[:NUM_FOR_NEIGHBOURS]
    )
    unseen, some = data.x_test[:NUM_FOR_COPIES], images[:NUM_FOR_COPIES]
    result = {
        "Fréchet distance": distance,
        "ratio": distance / floor if floor else np.inf,
        "precision": precision,
        "recall": recall,
        "copies": metrics.copied_share(learned, unseen, images=some),
    }
    if judge.tells_classes:
        verdicts = judge.predict(images)
        shares = np.bincount(verdicts.argmax(axis=1), minlength=verdicts.shape[1]) / len(images)
        result |= {
            "confidence": verdicts.max(axis=1).mean(),
            "rarest class": shares.min(),
            "most frequent class": shares.max(),
        }
    return {name: float(value) for name, value in result.items()}
