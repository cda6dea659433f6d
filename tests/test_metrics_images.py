"""The measures of single images: how close two of them are, and whether they are copies."""

import numpy as np
import pytest

from gk import metrics


def test_psnr_by_hand_and_against_its_meaning():
    black = np.zeros((2, 4, 4, 1))
    grey = np.stack([black[0] + 0.1, black[1] + 0.05])
    np.testing.assert_allclose(metrics.psnr(black, grey), [20, 26.0206])
    assert np.isinf(metrics.psnr(black, black)).all()


def test_copied_share_tells_a_memoriser_from_new_images():
    rng = np.random.default_rng(0)
    train, unseen, new = (rng.uniform(size=(n, 6, 6, 1)) for n in (500, 300, 1000))
    assert metrics.copied_share(train, unseen, images=train[:100]) == 1
    assert (
        0.3
        <= metrics.copied_share(train, unseen, images=np.concatenate([train[:30], new[:70]]))
        < 0.35
    )
    # New images of the same kind pass for copies as often as unseen ones may.
    assert abs(metrics.copied_share(train, unseen, images=new, percentile=10) - 0.1) < 0.05
    assert metrics.copied_share(train, unseen, images=np.ones((5, 6, 6, 1))) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.psnr(np.zeros((1, 2, 2, 1)), np.zeros((1, 2, 2, 3))), "one shape"),
        (lambda: metrics.psnr(np.full((1, 2, 2, 1), 255), np.zeros((1, 2, 2, 1))), "Clip"),
        (
            lambda: metrics.copied_share(*np.zeros((2, 3, 2, 2, 1)), images=np.zeros((3, 2, 3, 1))),
            "shape",
        ),
        (
            lambda: metrics.copied_share(*np.zeros((2, 3, 2, 2, 1)), images=np.zeros((0, 2, 2, 1))),
            "empty",
        ),
    ],
)
def test_measures_refuse_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
