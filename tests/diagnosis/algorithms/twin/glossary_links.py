"""Cross-links glossary terms in a documentation site."""
import html
import re
from pathlib import Path

WORD = re.compile(r"\w+")


class Glossary:
    def __init__(self, terms):
        self.terms = {}
        self.longest = 1
        for term, slug in terms:
            words = tuple(WORD.findall(term.lower()))
            self.terms[words] = (term.lower(), slug)
            self.longest = max(self.longest, len(words))

    def mentions(self, paragraph):
        words = WORD.findall(paragraph.lower())  # <- hot 24
        found = {}
        for start in range(len(words)):
            for size in range(1, self.longest + 1):
                hit = self.terms.get(tuple(words[start:start + size]))  # <- hot 51
                if hit:
                    found[hit] = True
        return list(found)


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
