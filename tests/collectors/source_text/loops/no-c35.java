package life;

public class Life {
    private boolean[][] grid;
    private final int size;

    public Life(int size) {
        this.size = size;
        this.grid = new boolean[size][size];
    }

    private int neighbours(int r, int c) {
        int n = 0;
        for (int dr = -1; dr <= 1; dr++) {
            for (int dc = -1; dc <= 1; dc++) {
                if ((dr != 0 || dc != 0) && grid[(r + dr + size) % size][(c + dc + size) % size]) { // <- 0
                    n++;
                }
            }
        }
        return n;
    }

    public void step() {
        boolean[][] next = new boolean[size][size];
        for (int r = 0; r < size; r++) {
            for (int c = 0; c < size; c++) {
                int n = neighbours(r, c); // <- 1
                next[r][c] = n == 3 || (n == 2 && grid[r][c]);
            }
        }
        grid = next;
    }
}
