def assign_peaks(spectrum, library, tol=0.01):
    labels = []
    for mz, intensity in spectrum:  # <- outer
        best, gap = None, tol
        for entry in library.entries:
            delta = abs(entry.mz - mz)  # <- 0
            if delta < gap:
                best, gap = entry, delta
        labels.append((mz, intensity, best.name if best else "?"))
    return labels


def summarise(run, library):
    hits = {}
    for mz, intensity, name in assign_peaks(run.spectrum, library):
        hits[name] = hits.get(name, 0.0) + intensity
    return hits
