package paint.tools;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

public class FloodFill {
    private static final int[] DX = {1, -1, 0, 0};
    private static final int[] DY = {0, 0, 1, -1};

    private final int[] pixels;
    private final int width;
    private final int height;

    public FloodFill(int[] pixels, int width, int height) {
        this.pixels = pixels;
        this.width = width;
        this.height = height;
    }

    public int fill(int x, int y, int color) {
        int target = pixels[y * width + x];
        if (target == color) {
            return 0;
        }
        Queue<int[]> open = new ArrayDeque<>();
        open.add(new int[] {x, y});
        pixels[y * width + x] = color;
        int painted = 1;
        while (!open.isEmpty()) {
            int[] at = open.poll(); // <- hot 15
            for (int d = 0; d < 4; d++) {
                int nx = at[0] + DX[d];
                int ny = at[1] + DY[d];
                if (nx < 0 || ny < 0 || nx >= width || ny >= height) {
                    continue;
                }
                if (pixels[ny * width + nx] == target) { // <- hot 45
                    pixels[ny * width + nx] = color;
                    open.add(new int[] {nx, ny}); // <- hot 25
                    painted++;
                }
            }
        }
        return painted;
    }
}
