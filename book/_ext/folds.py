"""One fold for neighbouring cells that are hidden under one prompt, so that a reader passes one line, not three."""

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode


def merge(app, doctree, page: str) -> None:
    """Move what neighbours hide into the first of them."""
    for cell in list(doctree.findall(nodes.container)):
        fold = folded(cell)
        while fold and same(fold, other := folded(after := cell.next_node(descend=False, siblings=True))):
            fold.extend(other.children)
            after.parent.remove(after)  # other.parent is not set by MyST-NB
            after.clear()  # so that its own turn finds nothing to merge


def folded(cell: nodes.Node | None) -> HideCodeCellNode | None:
    """The fold around a whole cell, if ``cell`` is one that is hidden."""
    whole = isinstance(cell, nodes.container) and cell.get("nb_element") == "cell_code" and len(cell.children) == 1
    return cell.children[0] if whole and isinstance(cell.children[0], HideCodeCellNode) else None


def same(fold: HideCodeCellNode, other: HideCodeCellNode | None) -> bool:
    return other is not None and fold["prompt_show"] == other["prompt_show"]


def setup(app):
    app.connect("doctree-resolved", merge, priority=950)  # after standalone, which counts cells
    return {"parallel_read_safe": True, "parallel_write_safe": True}
