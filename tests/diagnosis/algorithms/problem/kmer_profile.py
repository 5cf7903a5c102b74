"""k-mer spectrum of assembled contigs."""
import gzip
import sys


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


def occurrences(sequence, kmer):
    found = 0
    at = sequence.find(kmer)
    while at >= 0:
        found += 1
        at = sequence.find(kmer, at + 1)  # <- cost hot 95
    return found


def spectrum(sequence, k):
    kmers = {sequence[i:i + k] for i in range(len(sequence) - k + 1)}
    return {kmer: occurrences(sequence, kmer) for kmer in kmers if "N" not in kmer}  # <- cost


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
