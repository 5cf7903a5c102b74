package com.acme.voxel;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

public class ChunkWorld {
    static final int SIZE = 16;

    static final class Chunk {
        final int cx;
        final int cz;
        final byte[] blocks;
        final List<int[]> lights = new ArrayList<>();
        boolean modified;

        Chunk(int cx, int cz, byte[] blocks) {
            this.cx = cx;
            this.cz = cz;
            this.blocks = blocks;
        }
    }

    private final Map<Long, Chunk> loaded = new HashMap<>(); // <- cost
    private final Deque<Long> loadQueue = new ArrayDeque<>();
    private final Set<Long> queued = new HashSet<>();
    private final long seed;

    public ChunkWorld(long seed) {
        this.seed = seed;
    }

    private static long key(int cx, int cz) {
        return ((long) cx << 32) ^ (cz & 0xffffffffL);
    }

    public void playerAt(double x, double z, int radius) {
        int px = (int) Math.floor(x / SIZE);
        int pz = (int) Math.floor(z / SIZE);
        for (int dx = -radius; dx <= radius; dx++) {
            for (int dz = -radius; dz <= radius; dz++) {
                long k = key(px + dx, pz + dz);
                if (!loaded.containsKey(k) && queued.add(k)) {
                    loadQueue.add(k);
                }
            }
        }
        unloadBeyond(px, pz, radius + 2);
    }

    public void tick(int budget) {
        while (budget-- > 0 && !loadQueue.isEmpty()) {
            long k = loadQueue.poll();
            queued.remove(k);
            Chunk c = generate((int) (k >> 32), (int) k);
            loaded.put(k, c); // <- cost
        }
    }

    private Chunk generate(int cx, int cz) {
        Random r = new Random(seed ^ key(cx, cz));
        byte[] blocks = new byte[SIZE * SIZE * 128]; // <- made 97
        int[] heights = new int[SIZE * SIZE];
        for (int i = 0; i < heights.length; i++) {
            heights[i] = 40 + r.nextInt(6);
            for (int y = 0; y < heights[i]; y++) {
                blocks[y * SIZE * SIZE + i] = (byte) (y < 30 ? 1 : 2);
            }
        }
        Chunk c = new Chunk(cx, cz, blocks); // <- made 3
        if (r.nextInt(4) == 0) {
            c.lights.add(new int[] {r.nextInt(SIZE), heights[0], r.nextInt(SIZE)});
            c.modified = true;
        }
        return c;
    }

    private void unloadBeyond(int px, int pz, int radius) {
        List<Long> far = new ArrayList<>();
        for (Map.Entry<Long, Chunk> e : loaded.entrySet()) {
            Chunk c = e.getValue();
            boolean away = Math.abs(c.cx - px) > radius || Math.abs(c.cz - pz) > radius;
            if (away && !c.modified) { // <- cost
                far.add(e.getKey());
            }
        }
        far.forEach(loaded::remove);
    }
}
