package compiler.util;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.function.Predicate;

/** Immutable singly linked list, the currency between phases of the compiler. */
final class Chain<A> implements Iterable<A> {

    private static final Chain<?> EMPTY = new Chain<>(null, null);

    final A head;
    final Chain<A> tail;

    private Chain(A head, Chain<A> tail) {
        this.head = head;
        this.tail = tail;
    }

    @SuppressWarnings("unchecked")
    static <A> Chain<A> nil() {
        return (Chain<A>) EMPTY;
    }

    boolean isEmpty() {
        return tail == null;
    }

    Chain<A> prepend(A x) {
        return new Chain<>(x, this); // <- hot 55
    }

    Chain<A> reverse() {
        Chain<A> result = nil();
        for (Chain<A> l = this; !l.isEmpty(); l = l.tail) { // <- hot 33
            result = result.prepend(l.head);
        }
        return result;
    }

    Chain<A> append(A x) {
        Chain<A> result = Chain.<A>nil().prepend(x);
        for (Chain<A> l = reverse(); !l.isEmpty(); l = l.tail) { // <- cost
            result = result.prepend(l.head);
        }
        return result;
    }

    <B> Chain<B> map(Function<? super A, ? extends B> f) {
        Chain<B> result = nil();
        for (A x : this) {
            result = result.append(f.apply(x)); // <- cost
        }
        return result;
    }

    Chain<A> filter(Predicate<? super A> p) {
        Chain<A> result = nil();
        for (A x : this) {
            if (p.test(x)) {
                result = result.append(x); // <- cost
            }
        }
        return result;
    }

    @Override
    public Iterator<A> iterator() {
        return new Iterator<>() {
            private Chain<A> rest = Chain.this;

            @Override
            public boolean hasNext() {
                return !rest.isEmpty();
            }

            @Override
            public A next() {
                if (rest.isEmpty()) {
                    throw new NoSuchElementException();
                }
                A x = rest.head;
                rest = rest.tail;
                return x;
            }
        };
    }
}
