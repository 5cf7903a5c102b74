package ide.indexing;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongUnaryOperator;
import java.util.function.Predicate;

/** Files whose index entries are out of date. */
final class DirtyFiles {

    record FileStamp(String path, long modified) { }

    private final Set<String> dirty = new HashSet<>();
    private final Predicate<String> excluded;
    private long generation;

    DirtyFiles(Predicate<String> excluded) {
        this.excluded = excluded;
    }

    synchronized void markDirty(Collection<String> paths) {
        for (String path : paths) {
            if (!excluded.test(path)) { // <- hot 26
                dirty.add(path); // <- hot 24
            }
        }
        generation++;
    }

    synchronized int size() {
        return dirty.size();
    }

    /** Takes out what a scan of the disk found to be unchanged since it was indexed. */
    synchronized void settle(List<FileStamp> scanned, LongUnaryOperator indexedAt) {
        List<String> upToDate = new ArrayList<>(scanned.size());
        for (FileStamp stamp : scanned) {
            if (indexedAt.applyAsLong(stamp.path().hashCode()) >= stamp.modified()) {
                upToDate.add(stamp.path());
            }
        }
        upToDate.forEach(dirty::remove); // <- hot 31
        generation++;
    }

    /** A batch of the files that are still to be indexed. */
    synchronized List<String> poll(int limit) {
        List<String> batch = new ArrayList<>(Math.min(limit, dirty.size()));
        for (var it = dirty.iterator(); it.hasNext() && batch.size() < limit;) {
            String path = it.next();
            if (excluded.test(path)) {
                it.remove();
                continue;
            }
            batch.add(path);
            it.remove();
        }
        return batch;
    }

    synchronized long generation() {
        return generation;
    }
}
