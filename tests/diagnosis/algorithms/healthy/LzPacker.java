package io.coldstore.pack;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/** Small LZ77 packer with hash chains of bounded depth. */
public class LzPacker {
    private static final int MIN = 4;
    private static final int MAX = 255 + MIN;
    private static final int WINDOW = 1 << 15;
    private static final int DEPTH = 32;

    private final int[] head = new int[1 << 15];
    private final int[] prev = new int[WINDOW];

    private static int hash(byte[] d, int i) {
        int v = (d[i] & 255) | (d[i + 1] & 255) << 8 | (d[i + 2] & 255) << 16 | d[i + 3] << 24;
        return (v * 0x9E3779B1) >>> 17; // <- hot 8
    }

    private static int common(byte[] d, int a, int b) {
        int limit = Math.min(MAX, d.length - b);
        int n = 0;
        while (n < limit && d[a + n] == d[b + n]) { // <- hot 49
            n++;
        }
        return n;
    }

    public byte[] pack(byte[] data) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(data.length / 2 + 16);
        Arrays.fill(head, -1);
        int i = 0;
        while (i < data.length) {
            int bestLen = 0;
            int bestPos = -1;
            if (i + MIN <= data.length) {
                int h = hash(data, i);
                int cand = head[h];
                for (int k = 0; k < DEPTH && cand >= 0 && i - cand < WINDOW; k++) { // <- hot 12
                    int len = common(data, cand, i);
                    if (len > bestLen) {
                        bestLen = len;
                        bestPos = cand;
                    }
                    cand = prev[cand & (WINDOW - 1)]; // <- hot 15
                }
                prev[i & (WINDOW - 1)] = head[h];
                head[h] = i;
            }
            if (bestLen >= MIN) {
                out.write(1);
                out.write((i - bestPos) >> 8);
                out.write(i - bestPos);
                out.write(bestLen - MIN);
                i += bestLen;
            } else {
                out.write(0);
                out.write(data[i++]);
            }
        }
        return out.toByteArray();
    }
}
