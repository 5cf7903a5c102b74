"""Cross-links glossary terms in a documentation site."""
import html
import re
from pathlib import Path


class Glossary:
    def __init__(self, terms):
        self.terms = {t.lower(): slug for t, slug in terms}

    def mentions(self, paragraph):
        found = []
        for term, slug in self.terms.items():
            if re.search(r"\b" + re.escape(term) + r"\b", paragraph, re.IGNORECASE):  # <- cost hot 95
                found.append((term, slug))
        return found


def paragraphs(path):
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        block = block.strip()
        if block and not block.startswith("```"):
            yield block


def render(block, links):
    body = "<p>%s</p>" % html.escape(block)
    if not links:
        return body
    refs = ", ".join('<a href="/g/%s">%s</a>' % (slug, term) for term, slug in links)
    return body + '<aside class="see">%s</aside>' % refs


def build(root, glossary, out):
    for page in sorted(Path(root).rglob("*.md")):
        rendered = [render(b, glossary.mentions(b)) for b in paragraphs(page)]
        target = Path(out) / page.relative_to(root).with_suffix(".html")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join(rendered), encoding="utf-8")
