package chess.engine;

public final class MoveGen {
    private static final int[][] DIRECTIONS = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {1, -1}, {-1, 1}, {-1, -1}};
    private static final long[] KNIGHT = new long[64];

    static {
        int[][] jumps = {{1, 2}, {2, 1}, {-1, 2}, {-2, 1}, {1, -2}, {2, -1}, {-1, -2}, {-2, -1}};
        for (int s = 0; s < 64; s++) {
            for (int[] j : jumps) {
                int f = (s & 7) + j[0];
                int r = (s >> 3) + j[1];
                if (f >= 0 && f < 8 && r >= 0 && r < 8) KNIGHT[s] |= 1L << (r * 8 + f);
            }
        }
    }

    static long slide(int square, long occupied, int from, int to) {
        long moves = 0;
        for (int d = from; d < to; d++) {
            int f = (square & 7) + DIRECTIONS[d][0];
            int r = (square >> 3) + DIRECTIONS[d][1];
            while (f >= 0 && f < 8 && r >= 0 && r < 8) { // <- hot 33
                long bit = 1L << (r * 8 + f);
                moves |= bit; // <- hot 14
                if ((occupied & bit) != 0) break; // <- hot 18
                f += DIRECTIONS[d][0];
                r += DIRECTIONS[d][1];
            }
        }
        return moves;
    }

    public static int mobility(long knights, long rooks, long bishops, long own, long occupied) {
        int count = 0;
        for (long b = knights; b != 0; b &= b - 1) {
            count += Long.bitCount(KNIGHT[Long.numberOfTrailingZeros(b)] & ~own); // <- hot 15
        }
        for (long b = rooks; b != 0; b &= b - 1) {
            count += Long.bitCount(slide(Long.numberOfTrailingZeros(b), occupied, 0, 4) & ~own);
        }
        for (long b = bishops; b != 0; b &= b - 1) {
            count += Long.bitCount(slide(Long.numberOfTrailingZeros(b), occupied, 4, 8) & ~own);
        }
        return count;
    }
}
