"""k-mer spectrum of assembled contigs."""
import gzip
import sys
from collections import Counter


def read_fasta(path):
    opener = gzip.open if path.endswith(".gz") else open
    name, chunks = None, []
    with opener(path, "rt") as fh:
        for line in fh:
            line = line.strip()
            if line.startswith(">"):
                if name is not None:
                    yield name, "".join(chunks)
                name, chunks = line[1:].split()[0], []
            else:
                chunks.append(line.upper())
    if name is not None:
        yield name, "".join(chunks)


def spectrum(sequence, k):
    counts = Counter(sequence[i:i + k] for i in range(len(sequence) - k + 1))  # <- hot 82
    return {kmer: n for kmer, n in counts.items() if "N" not in kmer}  # <- hot 10


def histogram(counts):
    bins = {}
    for n in counts.values():
        bins[n] = bins.get(n, 0) + 1
    return sorted(bins.items())


def report(path, k=11, out=sys.stdout):
    for name, sequence in read_fasta(path):
        counts = spectrum(sequence, k)
        unique = sum(1 for n in counts.values() if n == 1)
        out.write(f"{name}\t{len(sequence)}\t{len(counts)}\t{unique}\n")
        for multiplicity, kmers in histogram(counts):
            out.write(f"\t{multiplicity}\t{kmers}\n")


if __name__ == "__main__":
    report(sys.argv[1])
