"""What is held back at the start comes out when the start fails."""

from processes import run


def test_what_fails_at_the_start_is_not_hushed_up():
    done = run("import gk; gk.VAE", KERAS_BACKEND="nothing")
    assert done.returncode != 0
    assert "nothing" in done.stderr
