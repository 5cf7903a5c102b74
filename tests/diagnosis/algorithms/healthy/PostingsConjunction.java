package search.index;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntConsumer;

/** Documents which occur in each of several sorted postings. */
final class PostingsConjunction {

    static final int NO_MORE = Integer.MAX_VALUE;

    static final class Postings {
        private final int[] docs;
        private final int[] skips;
        private int at = -1;

        private static final int BLOCK = 128;

        Postings(int[] docs) {
            this.docs = docs;
            this.skips = new int[(docs.length + BLOCK - 1) / BLOCK];
            for (int b = 0; b < skips.length; b++) {
                skips[b] = docs[Math.min(docs.length, (b + 1) * BLOCK) - 1];
            }
        }

        int cost() {
            return docs.length;
        }

        int doc() {
            return at < 0 ? -1 : at < docs.length ? docs[at] : NO_MORE;
        }

        int next() {
            at++;
            return doc();
        }

        /** First document not before the target. */
        int advance(int target) {
            int block = Math.max(0, at) / BLOCK;
            if (block < skips.length && skips[block] < target) {
                int step = 1;
                while (block + step < skips.length && skips[block + step] < target) { // <- hot 15
                    step <<= 1;
                }
                int found = Arrays.binarySearch(skips, block + (step >> 1),
                        Math.min(skips.length, block + step + 1), target); // <- hot 18
                block = found >= 0 ? found : -found - 1;
                at = block * BLOCK;
            }
            at = Math.max(at, 0);
            while (at < docs.length && docs[at] < target) { // <- hot 42
                at++;
            }
            return doc();
        }
    }

    private final Postings[] lists;

    PostingsConjunction(List<Postings> postings) {
        lists = postings.toArray(new Postings[0]);
        Arrays.sort(lists, Comparator.comparingInt(Postings::cost));
    }

    int forEach(IntConsumer consumer) {
        int hits = 0;
        int doc = lists[0].next();
        outer:
        while (doc != NO_MORE) {
            for (int i = 1; i < lists.length; i++) {
                int other = lists[i].doc() < doc ? lists[i].advance(doc) : lists[i].doc(); // <- hot 10
                if (other > doc) {
                    doc = lists[0].advance(other);
                    continue outer;
                }
            }
            consumer.accept(doc);
            hits++;
            doc = lists[0].next();
        }
        return hits;
    }
}
