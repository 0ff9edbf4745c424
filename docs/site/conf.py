"""Sphinx's configuration of the site; `python -m docs.site` prepares the pages that it reads."""

from __future__ import annotations

from typing import Any

from docs.site import formulas
from docs.site.markdown import escape_docstring
from neuronet.version import __version__

project = "NeuroNet"
author = "The NeuroNet authors"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
root_doc = "index"
default_role = "literal"
smartquotes = False
nitpicky = False
suppress_warnings = ["docutils", "ref.python"]
# Docstrings are plain text with backticks, no reStructuredText, and name types shortly; pages are Markdown, and checked strictly.

myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_dmath_allow_labels = False
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_inherit_docstrings = True
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False
napoleon_attr_annotations = False
napoleon_use_ivar = True
napoleon_use_rtype = False
add_module_names = False
toc_object_entries = False

html_theme = "furo"
html_title = "NeuroNet"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_math_renderer = "mathml"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0055a5", "color-brand-content": "#0055a5"},
    "dark_css_variables": {"color-brand-primary": "#7fb8f0", "color-brand-content": "#7fb8f0"},
    "navigation_with_keys": False,
}
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
pygments_style = "tango"
pygments_dark_style = "github-dark"


_plain: dict[str, list[str]] = {}


def prepare_docstring(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Make reStructuredText of a docstring, where backticks are the only markup."""
    lines[:] = map(escape_docstring, lines)
    _plain[name] = list(lines)


def restore_docstring(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Undo what napoleon does to a property: it takes what is before a colon for the type."""
    if what in ("attribute", "property"):
        lines[:] = _plain.pop(name, lines)


def is_skipped(app: Any, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Skip members that another library adds to classes."""
    module = getattr(obj, "__module__", None) or ""
    return True if callable(obj) and module and not str(module).startswith(("neuronet", "builtins")) else None


def replace_hyphens(app: Any, tree: Any, name: str) -> None:
    """Put a dash between a parameter or an attribute and its description, where Sphinx writes two hyphens."""
    from docutils import nodes

    for text in list(tree.findall(nodes.Text)):
        if text == " -- ":
            text.parent.replace(text, nodes.Text(" \N{EN DASH} "))


def _inline_formula(self: Any, node: Any) -> None:
    from docutils.nodes import SkipNode

    self.body.append(formulas.inline(node.astext()))
    raise SkipNode


def _block_formula(self: Any, node: Any) -> None:
    from docutils.nodes import SkipNode

    self.body.append(formulas.block(node.astext()))
    raise SkipNode


def setup(app: Any) -> dict[str, Any]:
    """Register the formulas, the escapes, and the words for attributes."""
    from sphinx.domains.python import PythonDomain

    app.add_html_math_renderer("mathml", (_inline_formula, None), (_block_formula, None))
    app.connect("autodoc-process-docstring", prepare_docstring, priority=100)  # before napoleon's own
    app.connect("autodoc-process-docstring", restore_docstring, priority=900)
    app.connect("autodoc-skip-member", is_skipped)
    app.connect("doctree-resolved", replace_hyphens)
    documented: Any = PythonDomain.directives["class"]  # its list of fields is that of all Python objects
    for field in documented.doc_field_types:
        if field.name == "variable":  # so Sphinx calls what docstrings and readers call an attribute
            field.label = "Attributes"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
