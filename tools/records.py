"""What the outputs of notebooks say of their claims, in one form for all tools."""


def numbered(notebook):
    """Yields each code cell with its number, as in the notebook itself.

    Papermill's cell of parameters, which is not there, has the number of the cell before.
    """
    number = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            number += "injected-parameters" not in cell.metadata.get("tags", [])
            yield number, cell


def read(notebook):
    """Returns the claims of an executed notebook.

    Args:
        notebook: with outputs, from `gk.Claims` or from `gk.claim`.

    Returns:
        A list of dictionaries: number of the `cell`, `key` (`None` from `gk.claim`), `codes`,
        `sentence`, `measured`, `expected`, `holds`, and `headline`, whether it is one of the few
        that stand for the notebook; all from `gk.claim` are.
    """
    claims = []
    for number, cell in numbered(notebook):
        for output in cell.outputs:
            found = output.get("metadata", {}).get("gk_claim", [])
            for record in found if isinstance(found, list) else [found]:
                claims.append({"cell": number, **_in_one_form(record)})
    return claims


def _in_one_form(record):
    if "key" in record:
        return dict(record)
    return {
        "key": None,
        "codes": [record["code"]],
        "sentence": record["statement"],
        "measured": record["measured"],
        "expected": record["expected"],
        "holds": record.get("holds", True),  # or it would not have been shown
        "headline": True,
    }


def row(*cells):
    """Returns a row of a Markdown table."""
    escaped = (str(cell).replace("|", r"\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"
