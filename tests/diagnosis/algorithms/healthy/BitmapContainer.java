package bitmap;

import java.util.Arrays;

/** Sets of 16-bit values, as sorted arrays when sparse and bit maps when dense. */
final class BitmapContainer {

    static final int ARRAY_MAX = 4096;
    private static final int WORDS = 1024;

    private final long[] words;
    private int cardinality;

    BitmapContainer() {
        words = new long[WORDS];
    }

    private BitmapContainer(long[] words, int cardinality) {
        this.words = words;
        this.cardinality = cardinality;
    }

    boolean add(int value) {
        long before = words[value >>> 6];
        long after = before | 1L << value;
        words[value >>> 6] = after;
        cardinality += (int) ((before ^ after) >>> (value & 63) & 1);
        return before != after;
    }

    boolean contains(int value) {
        return (words[value >>> 6] & 1L << value) != 0;
    }

    int cardinality() {
        return cardinality;
    }

    BitmapContainer and(BitmapContainer other) {
        long[] result = new long[WORDS];
        int count = 0;
        for (int i = 0; i < WORDS; i++) {
            long w = words[i] & other.words[i]; // <- hot 22
            result[i] = w;
            count += Long.bitCount(w); // <- hot 17
        }
        return new BitmapContainer(result, count);
    }

    /** Values of a sorted array that are in this set too. */
    char[] and(char[] sorted, int length) {
        char[] out = new char[length];
        int n = 0;
        for (int i = 0; i < length; i++) {
            out[n] = sorted[i];
            n += (int) (words[sorted[i] >>> 6] >>> sorted[i] & 1); // <- hot 21
        }
        return Arrays.copyOf(out, n);
    }

    static int intersectArrays(char[] a, int lengthA, char[] b, int lengthB, char[] out) {
        int i = 0;
        int j = 0;
        int n = 0;
        while (i < lengthA && j < lengthB) {
            int c = a[i] - b[j]; // <- hot 29
            if (c == 0) {
                out[n++] = a[i];
            }
            i += c <= 0 ? 1 : 0;
            j += c >= 0 ? 1 : 0;
        }
        return n;
    }

    char[] toArray() {
        char[] out = new char[cardinality];
        int n = 0;
        for (int i = 0; i < WORDS; i++) {
            for (long w = words[i]; w != 0; w &= w - 1) {
                out[n++] = (char) (i << 6 | Long.numberOfTrailingZeros(w));
            }
        }
        return out;
    }
}
