package orm.collection;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** An unordered collection with duplicates, as loaded from a join table. */
final class TrackedBag<E> implements Iterable<E> {

    /** How elements are compared and copied by the session. */
    interface ElementType<E> {
        boolean isSame(E x, E y);

        int hash(E x);

        E deepCopy(E x);
    }

    private final ElementType<E> type;
    private final List<E> bag = new ArrayList<>();
    private List<E> snapshot = List.of();

    TrackedBag(ElementType<E> type, Collection<? extends E> loaded) {
        this.type = type;
        this.bag.addAll(loaded);
        takeSnapshot();
    }

    boolean add(E element) {
        return bag.add(element);
    }

    boolean remove(E element) {
        return bag.remove(element);
    }

    @Override
    public Iterator<E> iterator() {
        return bag.iterator();
    }

    void takeSnapshot() {
        List<E> copy = new ArrayList<>(bag.size());
        for (E element : bag) {
            copy.add(type.deepCopy(element)); // <- hot 11
        }
        snapshot = copy;
    }

    /** Asked at each flush, for each collection of the session. */
    boolean isDirty() {
        return !equalsSnapshot();
    }

    private boolean equalsSnapshot() {
        if (snapshot.size() != bag.size()) {
            return false;
        }
        Map<Integer, List<E>> loaded = new HashMap<>(snapshot.size() * 2);
        for (E element : snapshot) {
            loaded.computeIfAbsent(type.hash(element), h -> new ArrayList<>(1)).add(element); // <- hot 48
        }
        for (E element : bag) {
            List<E> bucket = loaded.get(type.hash(element)); // <- hot 22
            if (bucket == null || !takeSame(element, bucket)) {
                return false;
            }
        }
        return true;
    }

    private boolean takeSame(E element, List<E> bucket) {
        for (int i = bucket.size() - 1; i >= 0; i--) {
            if (type.isSame(element, bucket.get(i))) { // <- hot 13
                bucket.remove(i);
                return true;
            }
        }
        return false;
    }
}
