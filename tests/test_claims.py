"""Claims show what was measured, and fail when it is out of bounds."""

import types

import numpy as np
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


TEXT = """
[02 linear-is-pca]
claims = A10
at_most = 5
at_most, mnist, gpu = 8

[02 wider-keeps-more]
claims = A4
at_most = 0.95

[02 smile]
claims = A2
at_least = 0.1
at_most = 0.4

[02 spare]
claims = A1
at_least = 1

[03 denoises]
claims = A7
at_least = 0.5
"""
SENTENCE = "A linear autoencoder finds the subspace of PCA."


@pytest.fixture
def file_of_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr("gk.bounds.PATH", tmp_path / "bounds.ini")
    keys = "".join(f"[02 k{number}]\nclaims = A1\nat_most = 1\n" for number in range(6))
    (tmp_path / "bounds.ini").write_text(TEXT + keys, encoding="utf-8")


@pytest.fixture
def claims(file_of_bounds):
    return gk.Claims("02", "digits", "cpu")


@pytest.fixture
def shown(monkeypatch):
    """What is displayed from now on, with its metadata."""
    shown = []
    monkeypatch.setattr(
        "gk.claims.display", lambda claim, metadata: shown.append((claim, metadata))
    )
    return shown


@pytest.fixture
def notebook(monkeypatch):
    """A shell whose `execution_count` is the number of the cell that runs."""
    shell = types.SimpleNamespace(execution_count=1)
    monkeypatch.setattr("gk.claims.get_ipython", lambda: shell)
    return shell


def test_a_headline_shows_its_sentence_its_number_and_what_would_refute_it(claims, capsys):
    claims.headline("linear-is-pca", SENTENCE, np.float32(0.0515), unit="degrees")
    assert capsys.readouterr().out == (
        f"✓ {SENTENCE}\n  measured 0.0515 degrees, would be refuted by more than 5 degrees\n"
    )


@pytest.mark.parametrize("measured", [5.01, float("nan"), float("inf")])
def test_a_headline_that_does_not_hold_is_shown_and_fails(measured, claims, shown):
    message = f"{SENTENCE} Expected at most 5 degrees, measured .*02 linear-is-pca.* bounds.ini"
    with pytest.raises(AssertionError, match=message):
        claims.headline("linear-is-pca", SENTENCE, measured, unit="degrees")
    ((_, metadata),) = shown
    assert metadata["gk_claim"]["holds"] is False
    assert metadata["gk_claim"]["headline"] is True


@pytest.mark.parametrize(
    ("dataset", "profile", "most"),
    [("mnist", "gpu", 8), ("mnist", gk.PROFILES["gpu"], 8), ("mnist", "cpu", 5)],
)
def test_bounds_are_those_of_the_data_set_and_the_profile(
    dataset, profile, most, file_of_bounds, shown
):
    gk.Claims("02", dataset, profile).headline("linear-is-pca", SENTENCE, most)
    assert shown[0][1]["gk_claim"]["expected"] == f"at most {most}"
    with pytest.raises(AssertionError):
        gk.Claims("02", dataset, profile).headline("linear-is-pca", SENTENCE, most + 0.1)


ROWS = [
    ("linear-is-pca", "largest angle", 6, "degrees"),
    ("wider-keeps-more", "error, 16 over 8", 0.88, "%"),
    ("smile", "variance of the smile explained", 0.5),
]


def test_a_table_shows_all_and_then_names_each_that_does_not_hold(claims, shown):
    with pytest.raises(AssertionError) as failed:
        claims.measured(ROWS)
    assert str(failed.value).splitlines() == [
        "2 of 3 do not hold.",
        "largest angle: expected at most 5 degrees, measured 6 degrees "
        "([02 linear-is-pca] in bounds.ini)",
        "variance of the smile explained: expected at least 0.1 and at most 0.4, measured 0.5 "
        "([02 smile] in bounds.ini)",
    ]
    ((table, metadata),) = shown
    assert [record["holds"] for record in metadata["gk_claim"]] == [False, True, False]
    assert "✓ error, 16 over 8: measured 88 % (at most 95 %)" in repr(table)


def test_a_table_whose_rows_hold_passes(claims, capsys):
    claims.measured([ROWS[1]])
    assert "1 number, all within bounds" in capsys.readouterr().out


@pytest.mark.parametrize("is_own", [True, False])
def test_on_images_of_one_s_own_and_where_asked_for_nothing_fails(
    is_own, file_of_bounds, shown, tmp_path, monkeypatch
):
    if not is_own:
        monkeypatch.setenv("GK_CLAIMS", "show")
    claims = gk.Claims("02", tmp_path if is_own else "digits", "cpu")
    claims.headline("linear-is-pca", SENTENCE, 6)
    claims.measured(ROWS[1:])
    assert repr(shown[0][0]).startswith("○ ")
    assert [line[0] for line in repr(shown[1][0]).splitlines()[1:]] == ["✓", "○"]
    assert shown[0][1]["gk_claim"]["holds"] is False


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        ("error over PCA's", 'whole sentence with a full stop. Received: "error'),
        ("A10: linear is PCA.", "without a code.*Received: 'A10'"),
        ("Linear is PCA, as A10: says.", "without a code"),
        ("Linear is PCA (A10).", "without a code"),
    ],
)
def test_a_headline_is_a_sentence_without_a_code(sentence, message, claims, shown):
    with pytest.raises(ValueError, match=message):
        claims.headline("linear-is-pca", sentence, 1)
    assert not shown


def test_names_of_networks_are_no_codes(claims, shown):
    claims.headline("linear-is-pca", "Inception V3 and VGG16 agree on A4 paper.", 1)
    assert shown


def test_there_are_five_headlines_at_most(claims, shown):
    for number in range(5):
        claims.headline(f"k{number}", "It holds.", 0)
    with pytest.raises(ValueError, match=r"at most 5 headlines.*Received: 'k5' after k0, k1, "):
        claims.headline("k5", "It holds.", 0)
    assert len(shown) == 5


def test_a_key_that_the_file_does_not_know_is_named_with_those_it_knows(claims):
    message = r"has no section \[02 denoises\]; .*knows: linear-is-pca, wider-keeps-more.* Add one"
    with pytest.raises(ValueError, match=message):
        claims.headline("denoises", "It denoises.", 1)
    with pytest.raises(ValueError, match=message):
        claims.measured([ROWS[1], ("denoises", "gain", 1, "dB")])


def test_a_key_is_for_one_claim(claims, shown):
    claims.headline("linear-is-pca", SENTENCE, 1)
    with pytest.raises(ValueError, match=r"a key for each claim. Received: 'linear-is-pca' for"):
        claims.measured([ROWS[1], ROWS[0]])
    with pytest.raises(ValueError, match="a key for each claim"):
        claims.headline("linear-is-pca", SENTENCE, 1)
    assert len(shown) == 1


def test_there_is_one_table(claims, shown):
    claims.measured([ROWS[1]])
    with pytest.raises(ValueError, match="one call of `measured`"):
        claims.measured([("spare", "what came later", 1)])
    with pytest.raises(ValueError, match="one call of `measured`"):
        claims.measured([ROWS[1]])
    assert len(shown) == 1


def test_a_cell_may_run_again(claims, shown, notebook):
    def run_all(measured):
        for number in range(5):
            claims.headline(f"k{number}", "It holds.", measured)
            notebook.execution_count += 1
        claims.measured([ROWS[1]])
        notebook.execution_count += 1

    run_all(0)
    run_all(1)
    assert len(shown) == 12
    # Not in the same cell, nor with other words or rows.
    claims.measured([ROWS[1]])
    with pytest.raises(ValueError, match="one call of `measured`"):
        claims.measured([ROWS[1]])
    notebook.execution_count += 1
    with pytest.raises(ValueError, match=r"run the cell that makes `gk.Claims` again"):
        claims.measured([ROWS[1], ("spare", "what came later", 1)])
    with pytest.raises(ValueError, match=r"run the cell that makes `gk.Claims` again"):
        claims.headline("k0", "It holds well.", 0)


@pytest.mark.parametrize("row", [("smile",), ("smile", "what"), ("smile", "what", 1, "", 2)])
def test_a_row_of_another_form_is_refused(row, claims):
    with pytest.raises(ValueError, match="Expected rows of a key, a phrase, a number"):
        claims.measured([row])


@pytest.mark.parametrize(
    ("dataset", "profile", "message"),
    [
        ("minst", "cpu", "Unknown data set. Expected one of 'digits', .*Received: 'minst'"),
        ("", "cpu", "Unknown data set"),
        ("digits", "tpu", "Unknown profile. Expected 'cpu' or 'gpu'. Received: 'tpu'"),
    ],
)
def test_an_unknown_data_set_or_profile_is_refused(dataset, profile, message, file_of_bounds):
    with pytest.raises(ValueError, match=message):
        gk.Claims("02", dataset, profile)
