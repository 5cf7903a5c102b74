package save.codec;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/** LZ style packer of save games: hash of four bytes, window of 64 kB. */
final class SnapshotPacker {

    private static final int HASH_BITS = 14;
    private static final int MIN_MATCH = 4;
    private final int[] table = new int[1 << HASH_BITS];

    private static int word(byte[] d, int i) {
        return (d[i] & 255) | (d[i + 1] & 255) << 8 | (d[i + 2] & 255) << 16 | d[i + 3] << 24; // <- hot 26
    }

    private static void varint(ByteArrayOutputStream out, int v) {
        while (v > 127) {
            out.write(v & 127 | 128);
            v >>>= 7;
        }
        out.write(v);
    }

    byte[] pack(byte[] d) {
        Arrays.fill(table, -1);
        ByteArrayOutputStream out = new ByteArrayOutputStream(d.length / 2 + 16);
        int literal = 0;
        int i = 0;
        while (i + MIN_MATCH <= d.length) {
            int w = word(d, i);
            int slot = (w * 0x9E3779B1) >>> (32 - HASH_BITS);
            int ref = table[slot]; // <- hot 21
            table[slot] = i;
            if (ref < 0 || i - ref > 65535 || word(d, ref) != w) { // <- hot 17
                i++;
                continue;
            }
            int len = MIN_MATCH;
            while (i + len < d.length && d[ref + len] == d[i + len]) { // <- hot 19
                len++;
            }
            varint(out, i - literal);
            out.write(d, literal, i - literal);
            varint(out, len);
            varint(out, i - ref);
            i += len;
            literal = i;
        }
        varint(out, d.length - literal);
        out.write(d, literal, d.length - literal);
        return out.toByteArray();
    }
}
