"""What a method makes of its object alone, for each thing that it is asked for."""

import pytest

from perfdoctor.collectors.source_text.algorithms.made_of_members import made_of_members_at
from perfdoctor.collectors.source_text.sources import Source

JAVA = """class Matches {
    record Jar(int id, int[] counts) {}
    static final class Space {
        final float[][] vectors;
        Space(List<Jar> jars) {
            vectors = new float[jars.size()][];
            for (int at = 0; at < vectors.length; at++) {
                vectors[at] = weigh(jars.get(at).counts()); // <- 1
            }
        }
        static float[] weigh(int[] counts) {
            float[] weights = new float[counts.length];
            for (int note = 0; note < counts.length; note++) {
                weights[note] = (float) Math.log1p(counts[note]); // <- 0
            }
            return weights;
        }
    }
    private final List<Jar> jars;
    Matches(List<Jar> jars) {
        this.jars = jars;
    }
    static List<Jar> read() {
        List<Jar> jars = new ArrayList<>();
        jars.add(new Jar(1, new int[4]));
        return jars;
    }
    String similar(int id) {
        Space space = new Space(jars); // <- 2
        return space.closest(id);
    }
}
"""
PYTHON = """class Index:
    def __init__(self, documents):
        self.words = {}
        for document in documents:
            for word in document.split():
                self.words.setdefault(word, []).append(document)  # <- 0

class Library:
    def __init__(self, documents):
        self.documents = documents

    def find(self, word):
        index = Index(self.documents)  # <- 1
        return index.words.get(word)
"""
SCRIPT = """class Ranks {
  constructor(riders) { this.riders = riders; }
  ordered() {
    const sorted = this.riders.slice().sort((a, b) => b.points - a.points);
    const names = [];
    for (const rider of sorted) names.push(rider.name); // <- 0
    return names;
  }
  rank(id) {
    const names = this.ordered(); // <- 1
    return names.indexOf(id);
  }
}
"""
FILES = {"java": JAVA, "py": PYTHON, "js": SCRIPT}


def asked(ending: str, text: str) -> int:
    numbered = list(enumerate(text.split("\n"), 1))
    marks = [(said.rpartition("<- ")[2], at) for at, said in numbered if "<- " in said]
    lines = [at for _, at in sorted(marks)]
    return made_of_members_at(Source(f"/srv/app.{ending}", text.encode()), lines) == lines[-1]


@pytest.mark.parametrize("ending", FILES)
def test_found(ending: str) -> None:
    assert asked(ending, FILES[ending])


@pytest.mark.parametrize(
    ("ending", "old", "new"),
    [
        ("java", "String similar", "void add(Jar jar) {\n        jars.add(jar);\n    }\n    String similar"),
        ("java", "private final List<Jar> jars;", "private List<Jar> jars;\n    void load() { jars = read(); }"),
        ("java", "similar(int id)", "similar()"),
        ("java", "new Space(jars)", "new Space(jars.subList(0, id))"),
        ("java", "vectors = new", "System.out.println();\n            vectors = new"),
        ("py", "    def find", "    def add(self, document):\n        self.documents.append(document)\n\n    def find"),
        ("py", "index = Index(self.documents)", "self.index = Index(self.documents)"),
        ("py", "Index(self.documents)", "Index(self.documents + [word])"),
        ("py", "self.words = {}", "self.words = load()"),
        ("js", "rank(id) {", "won(rider) { this.riders.push(rider); }\n  rank(id) {"),
        ("js", "rank(id) {", "won(id) { this.riders[id].points += 3; }\n  rank(id) {"),
        ("js", "rank(id) {", "won(id) { const rider = find(id); rider.points += 3; }\n  rank(id) {"),
        ("js", "const names = this.ordered(); // <- 1", "this.ordered(); // <- 1"),
        ("js", "const names = this.ordered(); // <- 1", "this.names = this.ordered(); // <- 1"),
    ],
)  # fmt: skip
def test_near_misses(ending: str, old: str, new: str) -> None:
    text = FILES[ending].replace(old, new)
    assert text != FILES[ending]
    assert not asked(ending, text)
