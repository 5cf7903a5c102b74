package codec.block;

import java.util.Arrays;

/** Fast block compressor: one table of hashes of four bytes, greedy matches. */
final class BlockCompressor {

    private static final int MIN_MATCH = 4;
    private static final int HASH_LOG = 14;
    private static final int LAST_LITERALS = 12;
    private static final int MAX_DISTANCE = 1 << 16;
    private static final int SKIP_STRENGTH = 6;

    private final int[] table = new int[1 << HASH_LOG];

    static int maxCompressedLength(int length) {
        return length + length / 255 + 16;
    }

    private static int hash(int i) {
        return (i * -1640531535) >>> (32 - HASH_LOG);
    }

    private static int readInt(byte[] buf, int i) {
        return (buf[i] & 0xff) | (buf[i + 1] & 0xff) << 8 | (buf[i + 2] & 0xff) << 16 | buf[i + 3] << 24; // <- hot 28
    }

    int compress(byte[] src, byte[] dest) {
        Arrays.fill(table, -MAX_DISTANCE);
        int anchor = 0;
        int pos = 0;
        int out = 0;
        int limit = src.length - LAST_LITERALS;
        int attempts = 1 << SKIP_STRENGTH;
        while (pos < limit) {
            int word = readInt(src, pos);
            int slot = hash(word);
            int ref = table[slot]; // <- hot 24
            table[slot] = pos;
            if (pos - ref >= MAX_DISTANCE || readInt(src, ref) != word) {
                pos += attempts++ >>> SKIP_STRENGTH;
                continue;
            }
            attempts = 1 << SKIP_STRENGTH;
            int length = MIN_MATCH + common(src, ref + MIN_MATCH, pos + MIN_MATCH, limit);
            out = sequence(src, anchor, pos - anchor, pos - ref, length, dest, out);
            pos += length;
            anchor = pos;
        }
        return sequence(src, anchor, src.length - anchor, 0, MIN_MATCH, dest, out);
    }

    private static int common(byte[] src, int ref, int pos, int limit) {
        int start = pos;
        while (pos < limit && src[ref++] == src[pos]) { // <- hot 21
            pos++;
        }
        return pos - start;
    }

    private static int sequence(byte[] src, int from, int literals, int distance, int length, byte[] dest, int out) {
        int token = out++;
        int extra = length - MIN_MATCH;
        dest[token] = (byte) (Math.min(literals, 15) << 4 | Math.min(extra, 15));
        out = writeLength(literals, dest, out);
        System.arraycopy(src, from, dest, out, literals); // <- hot 11
        out += literals;
        if (distance > 0) {
            dest[out++] = (byte) distance;
            dest[out++] = (byte) (distance >>> 8);
            out = writeLength(extra, dest, out);
        }
        return out;
    }

    private static int writeLength(int length, byte[] dest, int out) {
        if (length < 15) {
            return out;
        }
        int rest = length - 15;
        for (; rest >= 255; rest -= 255) {
            dest[out++] = (byte) 255;
        }
        dest[out++] = (byte) rest;
        return out;
    }
}
