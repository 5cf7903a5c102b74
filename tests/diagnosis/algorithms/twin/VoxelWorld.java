package dev.cubeland.world;

import java.util.HashMap;
import java.util.Map;

public class VoxelWorld {
    static final class BlockPos {
        final int x;
        final int y;
        final int z;

        BlockPos(int x, int y, int z) {
            this.x = x;
            this.y = y;
            this.z = z;
        }

        @Override
        public boolean equals(Object o) {
            if (!(o instanceof BlockPos)) {
                return false;
            }
            BlockPos p = (BlockPos) o;
            return x == p.x && y == p.y && z == p.z; // <- hot 8
        }

        @Override
        public int hashCode() {
            int h = x * 0x9E3779B1 + y * 0x85EBCA6B + z * 0xC2B2AE35;
            return h ^ (h >>> 15); // <- hot 12
        }
    }

    private final Map<BlockPos, Byte> light = new HashMap<>();

    public void setLight(int x, int y, int z, int level) {
        light.put(new BlockPos(x, y, z), (byte) level);
    }

    private int lightAt(int x, int y, int z) {
        Byte b = light.get(new BlockPos(x, y, z)); // <- hot 58
        return b == null ? 0 : b;
    }

    /** Mean light of the six neighbours, for the ambient shading of one chunk. */
    public float[] shadeChunk(int cx, int cy, int cz, int edge) {
        float[] shade = new float[edge * edge * edge];
        int n = 0;
        for (int x = cx; x < cx + edge; x++) {
            for (int y = cy; y < cy + edge; y++) {
                for (int z = cz; z < cz + edge; z++) {
                    int sum = lightAt(x - 1, y, z) + lightAt(x + 1, y, z)
                            + lightAt(x, y - 1, z) + lightAt(x, y + 1, z)
                            + lightAt(x, y, z - 1) + lightAt(x, y, z + 1);
                    shade[n++] = sum / 90f;
                }
            }
        }
        return shade;
    }
}
