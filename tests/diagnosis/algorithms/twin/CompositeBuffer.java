package net.buffer;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Many byte buffers seen as one. */
final class CompositeBuffer {

    private static final class Component {
        final ByteBuffer data;
        final int offset;
        final int endOffset;

        Component(ByteBuffer data, int offset) {
            this.data = data;
            this.offset = offset;
            this.endOffset = offset + data.remaining();
        }

        byte get(int index) {
            return data.get(data.position() + index - offset);
        }
    }

    private Component[] components = new Component[16];
    private int count;
    private int readerIndex;
    private Component lastAccessed;

    void addComponent(ByteBuffer data) {
        if (!data.hasRemaining()) {
            return;
        }
        if (count == components.length) {
            components = Arrays.copyOf(components, count * 2);
        }
        components[count] = new Component(data, capacity());
        count++;
    }

    int capacity() {
        return count == 0 ? 0 : components[count - 1].endOffset;
    }

    private Component findComponent(int index) {
        Component last = lastAccessed;
        if (last != null && index >= last.offset && index < last.endOffset) { // <- hot 37
            return last;
        }
        int low = 0;
        int high = count - 1;
        while (low <= high) {
            int mid = (low + high) >>> 1;
            Component c = components[mid];
            if (index >= c.endOffset) {
                low = mid + 1;
            } else if (index < c.offset) {
                high = mid - 1;
            } else {
                lastAccessed = c;
                return c;
            }
        }
        throw new IndexOutOfBoundsException("index: " + index);
    }

    byte getByte(int index) {
        return findComponent(index).get(index); // <- hot 24
    }

    byte readByte() {
        return getByte(readerIndex++);
    }

    /** Index of the first such byte from the given place on, or -1. */
    int indexOf(int from, byte value) {
        for (int i = from, end = capacity(); i < end; i++) {
            if (getByte(i) == value) { // <- hot 22
                return i;
            }
        }
        return -1;
    }
}
