"""Formulas: TeX becomes MathML when the site is built, so that a reader needs neither a script nor a network."""

from __future__ import annotations

import html
import re

from latex2mathml.converter import convert

_TAG = re.compile(r"\\tag\{([^}]*)\}")
_NAMED = {r"\arg\min": r"\operatorname{arg\,min}", r"\arg\max": r"\operatorname{arg\,max}", r"\arg": r"\operatorname{arg}"}
"""What the converter does not know, as what it does."""


def inline(tex: str) -> str:
    """Return a formula within a line as HTML.

    Raises:
        ValueError: The formula is not understood.
    """
    return _to_mathml(tex, "inline")


def block(tex: str) -> str:
    r"""Return a formula on lines of its own as HTML, with the number that its \tag gives it.

    Raises:
        ValueError: The formula is not understood.
    """
    tag = _TAG.search(tex)
    number = f'<span class="formula-number">({html.escape(tag[1])})</span>' if tag else ""
    return f'<div class="formula"><div class="formula-body">{_to_mathml(_TAG.sub("", tex), "block")}</div>{number}</div>\n'


def _to_mathml(tex: str, display: str) -> str:
    body = tex.strip()
    for name, known in _NAMED.items():
        body = body.replace(name, known)
    try:
        mathml = convert(body, display=display)
    except Exception as error:  # the converter's errors have no common base
        raise ValueError(f"the formula '{tex}' cannot be converted to MathML: {type(error).__name__}: {error}") from error
    mathml = re.sub(r"<mo>((?:arg|max|min|\s)+)</mo>", r"<mi>\1</mi>", mathml)  # the name of a function, without space around it
    unknown = re.search(r"\\[A-Za-z]+", html.unescape(re.sub(r"<[^>]+>", " ", mathml)))
    if unknown:
        raise ValueError(f"the formula '{tex}' has '{unknown[0]}', which has no MathML")
    return mathml.replace("<math ", f'<math aria-label="{html.escape(tex.strip(), quote=True)}" ', 1)
