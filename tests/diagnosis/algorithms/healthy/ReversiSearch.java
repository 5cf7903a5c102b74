package games.reversi;

/** Fixed-depth alpha-beta search over 64-bit boards. */
public final class ReversiSearch {
    private static final long NOT_A = 0xfefefefefefefefeL;
    private static final long NOT_H = 0x7f7f7f7f7f7f7f7fL;
    private static final int[] SHIFTS = {1, 7, 8, 9, -1, -7, -8, -9};
    private static final long[] MASKS = {NOT_A, NOT_H, -1L, NOT_A, NOT_H, NOT_A, -1L, NOT_H};

    private long nodes;

    private static long shift(long b, int dir) {
        int s = SHIFTS[dir];
        long moved = s > 0 ? b << s : b >>> -s; // <- hot 24
        return moved & MASKS[dir];
    }

    static long moves(long own, long opp) {
        long empty = ~(own | opp);
        long result = 0;
        for (int d = 0; d < 8; d++) {
            long x = shift(own, d) & opp;
            for (int k = 0; k < 5; k++) {
                x |= shift(x, d) & opp; // <- hot 31
            }
            result |= shift(x, d) & empty;
        }
        return result;
    }

    static long flips(long own, long opp, long move) {
        long all = 0;
        for (int d = 0; d < 8; d++) {
            long run = 0;
            long x = shift(move, d);
            while ((x & opp) != 0) { // <- hot 18
                run |= x;
                x = shift(x, d);
            }
            if ((x & own) != 0) {
                all |= run;
            }
        }
        return all;
    }

    public int search(long own, long opp, int depth, int alpha, int beta) {
        nodes++;
        long m = moves(own, opp);
        if (depth == 0 || m == 0) {
            return Long.bitCount(own) - Long.bitCount(opp) + 2 * Long.bitCount(m);
        }
        for (; m != 0; m &= m - 1) {
            long move = m & -m;
            long f = flips(own, opp, move);
            int score = -search(opp & ~f, own | move | f, depth - 1, -beta, -alpha); // <- hot 7
            if (score >= beta) {
                return score;
            }
            alpha = Math.max(alpha, score);
        }
        return alpha;
    }

    public long nodes() {
        return nodes;
    }
}
