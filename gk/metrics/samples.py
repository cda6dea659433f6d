"""How near a set of generated images is to a set of real ones, in the features of a judge.

Pixels make a poor distance, so all of these take features, such as `gk.judges.load(name)
.features(images)` gives. What the judge does not see they do not see either.
"""

import numpy as np
from scipy import linalg
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

# Of distances, in units of the features.
ROUNDING = 1e-6


def frechet_distance(real_features, generated_features):
    """Returns the Fréchet distance between two sets, each taken for a Gaussian.

    `|m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^½)` with means m and covariances C (Dowson & Landau,
    1982; on features of a classifier: Heusel et al., 2017, GANs Trained by a Two Time-Scale
    Update Rule Converge to a Local Nash Equilibrium, arXiv:1706.08500). Range [0, inf);
    0 where both have the same mean and covariance, lower is better. The estimate is too high
    for small sets, so only numbers from sets of one size, by one judge, can be compared.

    Args:
        real_features: array `(n, features)`.
        generated_features: array `(m, features)`.

    Returns:
        A float, in squared units of the features.

    Raises:
        ValueError: if a set has fewer than two rows, or the numbers of features differ.

    Example:

    >>> corners = np.array([[0, 0], [0, 2], [2, 0], [2, 2]])
    >>> round(frechet_distance(corners, corners + [3, 4]), 6)
    25.0
    """
    first, second = _check(real_features, generated_features, at_least=2)
    gap = first.mean(axis=0) - second.mean(axis=0)
    covariances = np.atleast_2d(np.cov(first.T)), np.atleast_2d(np.cov(second.T))
    # The eigenvalues of C1 C2 are real and not negative; what rounding adds is cut off.
    eigenvalues = linalg.eigvals(covariances[0] @ covariances[1]).real.clip(0)
    spread = np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.sqrt(eigenvalues).sum()
    return float(gap @ gap + max(spread, 0))


def precision_recall(real_features, generated_features, num_neighbours=3):
    """Returns the shares of generated images that look real, and of real ones that occur.

    Around each real image lies a ball that reaches its k-th nearest real neighbour. Precision
    is the share of generated images in any such ball, recall the same with the two sets
    exchanged (Kynkäänniemi et al., 2019, Improved Precision and Recall Metric for Assessing
    Generative Models, arXiv:1904.06991). Range [0, 1] each, higher is better. A generator
    that always makes the same good image has precision 1 and recall near 0.

    Args:
        real_features: array `(n, features)`.
        generated_features: array `(m, features)`; both depend on n and m, so compare sets of
            one size.
        num_neighbours: k.

    Returns:
        Two floats, precision and recall.

    Raises:
        ValueError: if a set has no more rows than `num_neighbours`.

    Example:

    >>> real = np.random.default_rng(0).normal(size=(500, 2))
    >>> precision_recall(real, np.zeros((500, 2)))
    (1.0, 0.0)
    """
    real, generated = _check(real_features, generated_features, at_least=num_neighbours + 1)
    precision = inside(real, features=generated, num_neighbours=num_neighbours).mean()
    recall = inside(generated, features=real, num_neighbours=num_neighbours).mean()
    return float(precision), float(recall)


def inside(reference_features, *, features, num_neighbours=3):
    """Returns for each row whether it is in the k-nearest-neighbour balls of a reference.

    The test behind `precision_recall`, one verdict for each image.

    Args:
        reference_features: array `(m, features)`, m > k.
        features: array `(n, features)`, the rows in question.
        num_neighbours: k.

    Returns:
        Boolean array `(n,)`.
    """
    reference, features = _check(reference_features, features, at_least=1)
    if len(reference) <= num_neighbours:
        raise ValueError(
            f"Expected at least {num_neighbours + 1} rows of the reference. "
            f"Received: {len(reference)}"
        )
    neighbours = NearestNeighbors(n_neighbors=num_neighbours + 1).fit(reference)
    radii = neighbours.kneighbors(reference)[0][:, -1]  # the first one is the point itself

    def in_any_ball(distances, start):
        return (distances <= radii + ROUNDING).any(axis=1)

    return np.concatenate(
        list(pairwise_distances_chunked(features, reference, reduce_func=in_any_ball))
    )


def nearest_distances(reference_features, *, features):
    """Returns the distance of each row to the nearest row of a reference.

    A generator that memorises is near its training set, nearer than real images that it has
    not seen are.

    Args:
        reference_features: array `(m, features)`.
        features: array `(n, features)`, the rows in question.

    Returns:
        float64 array `(n,)`, in units of the features; 0 for a copy.

    Raises:
        ValueError: if a set is empty, or the numbers of features differ.
    """
    reference, features = _check(reference_features, features, at_least=1)
    return NearestNeighbors(n_neighbors=1).fit(reference).kneighbors(features)[0][:, 0]


def _check(first, second, at_least):
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(
            "Expected two arrays (n, features) and (m, features). "
            f"Received: shapes {first.shape} and {second.shape}. Flatten images first."
        )
    if min(len(first), len(second)) < at_least:
        raise ValueError(
            f"Expected at least {at_least} rows in each set. "
            f"Received: {len(first)} and {len(second)}"
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("Expected finite features. Received: NaN or infinite ones.")
    return first, second
