"""Cells whose source is folded: those with the tag "fold" and a first line `# @title …`.

Authors write these two; what JupyterLab and Colab go by is derived from them when a notebook is
saved, and pages fold by the tag (`page.html.j2`).
"""

TAG, TITLE = "fold", "# @title "
# What JupyterLab and Colab go by.
METADATA = {"cellView": "form", "jupyter": {"source_hidden": True}}


def fold(notebook):
    """Folds the cells of a notebook that have the tag, and unfolds all others, in place.

    Raises:
        ValueError: if a cell with the tag has no title, which Colab and pages show in its place.
    """
    for cell in notebook.cells:
        for name in METADATA:
            cell.metadata.pop(name, None)
        if TAG not in cell.metadata.get("tags", []):
            continue
        first = cell.source.partition("\n")[0]
        if cell.cell_type != "code" or not first.startswith(TITLE):
            raise ValueError(
                f"Expected {TITLE}and a title as the first line of a code cell with the tag "
                f"{TAG!r}. Received: {first!r}"
            )
        cell.metadata.update(METADATA)
    return notebook
