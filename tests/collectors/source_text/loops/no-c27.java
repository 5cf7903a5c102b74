package audio;

import java.util.List;

final class PeakFinder {
    private final int[] deque;

    PeakFinder(int capacity) {
        deque = new int[capacity];
    }

    void slidingMax(float[] samples, int window, float[] out) {
        int head = 0, tail = 0;
        for (int i = 0; i < samples.length; i++) {
            while (tail > head && samples[deque[tail - 1]] <= samples[i]) { // <- 0
                tail--;
            }
            deque[tail++] = i;
            while (deque[head] <= i - window) {
                head++;
            }
            out[i] = samples[deque[head]];
        }
    }

    void all(List<float[]> channels, int window) {
        for (float[] ch : channels) {
            float[] out = new float[ch.length];
            slidingMax(ch, window, out); // <- 1
            System.arraycopy(out, 0, ch, 0, ch.length);
        }
    }
}
