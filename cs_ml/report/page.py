"""One self-contained HTML file: template, style and script together, nothing fetched, everything escaped."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import jinja2
from markupsafe import Markup

from cs_ml.report.words import Words
from cs_ml.store import write_text

__all__ = ["Page", "embedded"]

FOLDER = Path(__file__).parent / "templates"


class Page:
    """A report that can be shown as HTML or saved as a file.

    Parameters
    ----------
    title
        Heading of the page; None takes the one of the language.
    lang
        "en" or "ja".

    Notes
    -----
    The page carries a content security policy that lets it load nothing and run no script but its own, known by
    its hash.
    """

    template: ClassVar[str]
    heading: ClassVar[str]

    def __init__(self, *, title: str | None, lang: str) -> None:
        self.words = Words(lang)
        self.title = title or self.words(self.heading)

    def view(self) -> dict[str, Any]:
        """Return what the template shows."""
        raise NotImplementedError

    def html(self) -> str:
        """Return the page as text.

        Returns
        -------
        str
            A whole HTML document; the same frames give the same bytes.
        """
        script = _asset("page.js")
        digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
        return (
            _templates()
            .get_template(self.template)
            .render(
                t=self.words,
                title=self.title,
                style=_asset("style.css"),
                script=script,
                script_hash=digest,
                **self.view(),
            )
        )

    def save(self, path: Path | str) -> Path:
        """Write the page to a file in one step.

        Parameters
        ----------
        path
            File to create or replace; its folder must exist.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        StorageError
            When the disk does not let us.
        """
        return write_text(path, self.html())


def embedded(value: Any) -> Markup:
    r"""Write JSON so that it may stand inside a ``script`` element, whatever the texts in it.

    Parameters
    ----------
    value
        Nested lists, dicts, texts, finite numbers, None.

    Returns
    -------
    markupsafe.Markup
        JSON in which no character can end the element or begin another.

    Examples
    --------
    >>> print(embedded(["</script>", 1.5, None]))
    ["\u003c/script\u003e",1.5,null]
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704  no character that means anything to HTML is left


@cache
def _templates() -> jinja2.Environment:
    """Return the templates, escaping on, unknown names refused."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _asset(name: str) -> Markup:
    """Return our own style or script, to be written as it stands."""
    return Markup((FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704  part of the package
