"""What a page is made of, as a browser would see it: every element, attribute and text."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from bot.web import render

TEMPLATES = Path(render.__file__).parent / "templates"
OURS = frozenset(
    tag
    for template in TEMPLATES.iterdir()
    for tag in re.findall(r"<([a-z][a-z0-9]*)", template.read_text(encoding="utf-8"))
)
"""Elements our own templates are made of."""


@dataclass
class Markup(HTMLParser):
    """Collects what a page holds."""

    elements: list[tuple[str, dict[str, str]]] = field(
        default_factory=list[tuple[str, dict[str, str]]]
    )
    texts: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def foreign(self) -> list[str]:
        """Return what no template of ours would hold: handlers, inline scripts, odd addresses."""
        found: list[str] = []
        for tag, attributes in self.elements:
            if tag not in OURS or "style" in attributes:
                found.append(tag)
            if tag == "script" and not attributes.get("src", "").startswith("/static/"):
                found.append("inline script")
            found.extend(name for name in attributes if name.startswith("on"))
            for name in ("href", "src", "action", "formaction"):
                address = attributes.get(name, "/")
                is_ours = address.startswith(("/", "#", "?")) and not address.startswith("//")
                if not (is_ours or address.startswith("http://127.0.0.1:")):
                    found.append(f"{name}={address}")
        return found


def markup_of(page: str) -> Markup:
    """Return what a page is made of."""
    found = Markup()
    found.feed(page)
    found.close()
    return found
