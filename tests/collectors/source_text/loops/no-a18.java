final class TimerHeap {
    private Timer[] heap = new Timer[64];
    private int size;

    private void siftDown(int i) {
        Timer t = heap[i];
        while (2 * i + 1 < size) {
            int c = 2 * i + 1;
            if (c + 1 < size && heap[c + 1].due < heap[c].due) c++; // <- 0
            if (heap[c].due >= t.due) break;
            heap[i] = heap[c];
            i = c;
        }
        heap[i] = t;
    }

    Timer poll() {
        Timer top = heap[0];
        heap[0] = heap[--size];
        heap[size] = null;
        if (size > 0) siftDown(0); // <- 1
        return top;
    }

    void fire(long now) {
        while (size > 0 && heap[0].due <= now) {
            poll().callback.run(); // <- 2
        }
    }
}
