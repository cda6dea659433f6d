"""A generative classifier: one mixture of Gaussians for each class, and Bayes's rule."""

import numpy as np
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.utils.validation import check_is_fitted, validate_data


class GenerativeClassifier(ClassifierMixin, BaseEstimator):
    """Learns how the data of each class are distributed, and classifies with that.

    The density of each class is a mixture of Gaussians. For images, the mixtures live in the
    subspace of the first principal components, shared by all classes, and what is left of
    an image outside of it is isotropic noise, as in probabilistic PCA (Tipping & Bishop,
    1999, Journal of the Royal Statistical Society B 61(3)). A class is then recognised by
    Bayes's rule, a density is there for any input, and new data can be drawn.

    Args:
        num_components: number of Gaussians for each class.
        num_dimensions: dimension of the subspace; `None` takes the input as it is.
        regularization: added to the diagonal of each covariance, in squared units of the
            input.
        seed: integer seed of the fit.

    Inputs are arrays `(n, features)`, in whatever units; all densities are in nats.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> x = np.concatenate([rng.normal(0, 1, (200, 2)), rng.normal(6, 1, (200, 2))])
    >>> y = np.repeat([0, 1], 200)
    >>> model = GenerativeClassifier(num_components=1).fit(x, y)
    >>> model.predict([[0.0, 0.0], [6.0, 6.0]]).tolist()
    [0, 1]
    >>> model.sample(3, label=1, seed=0).shape
    (3, 2)
    """

    def __init__(self, num_components=2, num_dimensions=None, regularization=1e-4, seed=0):
        self.num_components = num_components
        self.num_dimensions = num_dimensions
        self.regularization = regularization
        self.seed = seed

    def fit(self, X, y):  # noqa: N803  scikit-learn's name
        """Fits one mixture to the data of each class.

        Args:
            X: array `(n, features)`.
            y: labels `(n,)`.

        Returns:
            The classifier itself.

        Raises:
            ValueError: if there is one class only, or a class has fewer examples than
                `num_components`.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)  # noqa: N806
        self.classes_, counts = np.unique(y, return_counts=True)
        if len(self.classes_) < 2:
            raise ValueError(f"Expected at least two classes. Received: {self.classes_.tolist()}")
        if counts.min() < max(2, self.num_components):
            raise ValueError(
                f"Each class needs at least {max(2, self.num_components)} examples for "
                f"num_components={self.num_components}. Received: {counts.min()} of class "
                f"{self.classes_[counts.argmin()]!r}."
            )
        self.pca_, codes = None, X
        if self.num_dimensions is not None and self.num_dimensions < X.shape[1]:
            self.pca_ = PCA(self.num_dimensions, random_state=self.seed).fit(X)
            codes = self.pca_.transform(X)
        self.class_log_prior_ = np.log(counts / counts.sum())
        self.mixtures_ = [
            GaussianMixture(
                self.num_components, reg_covar=self.regularization, random_state=self.seed
            ).fit(codes[y == label])
            for label in self.classes_
        ]
        return self

    def class_log_densities(self, X):  # noqa: N803
        """Returns log p(x | class) in nats, an array `(n, classes)`."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)  # noqa: N806
        codes, log_outside = X, 0.0
        if self.pca_ is not None:
            codes = self.pca_.transform(X)
            squared = ((X - self.pca_.mean_) ** 2).sum(axis=1) - (codes**2).sum(axis=1)
            variance = self.pca_.noise_variance_
            num_outside = X.shape[1] - codes.shape[1]
            log_outside = -0.5 * (squared / variance + num_outside * np.log(2 * np.pi * variance))
        inside = np.stack([mixture.score_samples(codes) for mixture in self.mixtures_], axis=1)
        return inside + np.reshape(log_outside, (-1, 1))

    def log_density(self, X):  # noqa: N803
        """Returns log p(x) in nats over all classes, an array `(n,)`."""
        return logsumexp(self.class_log_densities(X) + self.class_log_prior_, axis=1)

    def predict_proba(self, X):  # noqa: N803
        """Returns p(class | x) by Bayes's rule, an array `(n, classes)`."""
        joint = self.class_log_densities(X) + self.class_log_prior_
        return np.exp(joint - logsumexp(joint, axis=1, keepdims=True))

    def predict(self, X):  # noqa: N803
        """Returns the most probable class of each input, an array `(n,)`."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def sample(self, n, label, seed=None):
        """Draws new data of a class.

        The noise outside of the subspace is left out, so that images come out clean.

        Args:
            n: number of samples.
            label: one of `classes_`.
            seed: integer, or `None` for other samples each time.

        Returns:
            Array `(n, features)`.

        Raises:
            ValueError: if the label is unknown.
        """
        check_is_fitted(self)
        if label not in self.classes_:
            known = self.classes_.tolist()
            raise ValueError(f"Unknown label. Expected one of {known}. Received: {label!r}")
        mixture = self.mixtures_[list(self.classes_).index(label)]
        rng = np.random.default_rng(seed)
        chosen = rng.choice(len(mixture.weights_), size=n, p=mixture.weights_)
        roots = np.linalg.cholesky(mixture.covariances_)
        noise = rng.standard_normal((n, mixture.means_.shape[1]))
        codes = mixture.means_[chosen] + np.einsum("nij,nj->ni", roots[chosen], noise)
        return codes if self.pca_ is None else self.pca_.inverse_transform(codes)
