package sandbox.world;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

class VoxelWorld {

    static final class Pos {
        final int x, y, z;

        Pos(int x, int y, int z) {
            this.x = x;
            this.y = y;
            this.z = z;
        }

        @Override
        public boolean equals(Object o) {
            return o instanceof Pos p && p.x == x && p.y == y && p.z == z; // <- hot 24
        }

        @Override
        public int hashCode() {
            return Objects.hashCode(x) + Objects.hashCode(y) + Objects.hashCode(z); // <- cost
        }
    }

    private final Map<Pos, Byte> blocks = new HashMap<>();

    byte at(int x, int y, int z) {
        Byte b = blocks.get(new Pos(x, y, z)); // <- hot 62
        return b == null ? 0 : b;
    }

    void set(int x, int y, int z, int material) {
        blocks.put(new Pos(x, y, z), (byte) material); // <- hot 11
    }

    int exposedFaces(int size) {
        int faces = 0;
        for (int x = 0; x < size; x++) {
            for (int y = 0; y < size; y++) {
                for (int z = 0; z < size; z++) {
                    if (at(x, y, z) == 0) {
                        continue;
                    }
                    faces += open(x + 1, y, z) + open(x - 1, y, z) + open(x, y + 1, z)
                            + open(x, y - 1, z) + open(x, y, z + 1) + open(x, y, z - 1);
                }
            }
        }
        return faces;
    }

    private int open(int x, int y, int z) {
        return at(x, y, z) == 0 ? 1 : 0;
    }
}
