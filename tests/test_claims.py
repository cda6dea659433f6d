"""Claims show what was measured, and fail when it is out of bounds."""

import pytest

import gk


def test_a_claim_that_does_not_hold_fails(capsys):
    gk.claim("X1", "share", 0.5, at_least=0.4, at_most=0.6, unit="%")
    assert "measured 50 % (expected at least 40 % and at most 60 %)" in capsys.readouterr().out
    for measured in (0.3, 0.7, float("nan")):
        with pytest.raises(AssertionError, match="X1 does not hold"):
            gk.claim("X1", "share", measured, at_least=0.4, at_most=0.6)


@pytest.mark.parametrize("bound", [{"at_least": 0.5}, {"at_most": 0.5}])
def test_a_claim_may_lie_on_its_bound(bound, capsys):
    gk.claim("X1", "share", 0.5, **bound)
    assert "measured 0.5" in capsys.readouterr().out


def test_a_claim_is_escaped_on_pages(monkeypatch):
    shown = []
    monkeypatch.setattr("gk.claims.display", lambda claim, metadata: shown.append(claim))
    gk.claim("<X1>", "a < b & c", 1, at_least=0, unit="<i>")
    page = shown[0]._repr_html_()
    for text in ("&lt;X1&gt;", "a &lt; b &amp; c", "1 &lt;i&gt;", "at least 0 &lt;i&gt;"):
        assert text in page
    assert "<i>" not in page


def test_a_claim_that_cannot_fail_is_refused():
    with pytest.raises(ValueError, match="cannot fail"):
        gk.claim("X1", "share", 0.5)
