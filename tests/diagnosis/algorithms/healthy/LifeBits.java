package art.automata;

/** Game of life on a torus that is 64 cells per word wide. */
public class LifeBits {

    private final int words;
    private final int height;
    private long[] cells;
    private long[] next;

    public LifeBits(int words, int height) {
        this.words = words;
        this.height = height;
        this.cells = new long[words * height];
        this.next = new long[words * height];
    }

    private long west(int row, int w) {
        int left = w == 0 ? words - 1 : w - 1;
        return cells[row + w] << 1 | cells[row + left] >>> 63; // <- hot 19
    }

    private long east(int row, int w) {
        int right = w == words - 1 ? 0 : w + 1;
        return cells[row + w] >>> 1 | cells[row + right] << 63; // <- hot 18
    }

    public void step() {
        for (int y = 0; y < height; y++) {
            int[] rows = {(y + height - 1) % height * words, y * words, (y + 1) % height * words};
            for (int w = 0; w < words; w++) {
                long ones = 0, twos = 0, fours = 0;
                for (int r = 0; r < 3; r++) {
                    for (int k = 0; k < 3; k++) {
                        if (r == 1 && k == 1) {
                            continue;
                        }
                        long v = k == 0 ? west(rows[r], w) : k == 1 ? cells[rows[r] + w] : east(rows[r], w); // <- hot 16
                        long c1 = ones & v;
                        ones ^= v;
                        long c2 = twos & c1;
                        twos ^= c1; // <- hot 17
                        fours |= c2;
                    }
                }
                next[rows[1] + w] = twos & ~fours & (ones | cells[rows[1] + w]);
            }
        }
        long[] t = cells;
        cells = next;
        next = t;
    }
}
