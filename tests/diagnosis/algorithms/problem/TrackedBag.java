package orm.collection;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;

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
            copy.add(type.deepCopy(element));
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
        for (E element : bag) {
            if (countOccurrences(element, bag) != countOccurrences(element, snapshot)) { // <- cost
                return false;
            }
        }
        return true;
    }

    private int countOccurrences(E element, List<E> list) {
        int result = 0;
        for (E other : list) { // <- cost hot 20
            if (type.isSame(element, other)) { // <- cost hot 75
                result++;
            }
        }
        return result;
    }
}
