package voxel.light;

/** Spreads block light through a region of a voxel world. */
final class LightSpread {

    interface Opacity {
        int at(int x, int y, int z);
    }

    private static final int[][] FACES = {
        {1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1},
    };

    private final int sizeX;
    private final int sizeY;
    private final int sizeZ;
    private final byte[] levels;
    private final Opacity opacity;
    private int[] queue = new int[1 << 12];
    private int head;
    private int tail;

    LightSpread(int sizeX, int sizeY, int sizeZ, Opacity opacity) {
        this.sizeX = sizeX;
        this.sizeY = sizeY;
        this.sizeZ = sizeZ;
        this.opacity = opacity;
        this.levels = new byte[sizeX * sizeY * sizeZ];
    }

    private int index(int x, int y, int z) {
        return (y * sizeZ + z) * sizeX + x;
    }

    int level(int x, int y, int z) {
        return levels[index(x, y, z)];
    }

    void addSource(int x, int y, int z, int level) {
        int i = index(x, y, z);
        if (level > levels[i]) {
            levels[i] = (byte) level;
            enqueue(i);
        }
    }

    private void enqueue(int i) {
        int mask = queue.length - 1;
        queue[tail++ & mask] = i;
        if (tail - head == queue.length) {
            int[] bigger = new int[queue.length * 2];
            for (int k = 0, n = tail - head; k < n; k++) {
                bigger[k] = queue[head + k & mask];
            }
            tail -= head;
            head = 0;
            queue = bigger;
        }
    }

    /** Works off all that was queued; returns how many voxels were looked at. */
    int propagate() {
        int visited = 0;
        while (head != tail) {
            int i = queue[head++ & queue.length - 1];
            int x = i % sizeX;
            int z = i / sizeX % sizeZ;
            int y = i / (sizeX * sizeZ);
            int level = levels[i];
            visited++;
            for (int[] face : FACES) { // <- hot 13
                int nx = x + face[0];
                int ny = y + face[1];
                int nz = z + face[2];
                if (nx < 0 || ny < 0 || nz < 0 || nx >= sizeX || ny >= sizeY || nz >= sizeZ) { // <- hot 16
                    continue;
                }
                int next = level - Math.max(1, opacity.at(nx, ny, nz)); // <- hot 27
                int n = index(nx, ny, nz);
                if (next > levels[n]) { // <- hot 29
                    levels[n] = (byte) next;
                    enqueue(n);
                }
            }
        }
        return visited;
    }
}
