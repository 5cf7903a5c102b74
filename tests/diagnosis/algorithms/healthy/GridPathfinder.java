package games.outpost.ai;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.PriorityQueue;

public class GridPathfinder {
    private static final int[] DX = {1, -1, 0, 0};
    private static final int[] DY = {0, 0, 1, -1};

    private record Node(int cell, int priority) { }

    private final int width;
    private final int height;
    private final byte[] cost;

    public GridPathfinder(int width, int height, byte[] cost) {
        this.width = width;
        this.height = height;
        this.cost = cost;
    }

    private int estimate(int a, int b) {
        return Math.abs(a % width - b % width) + Math.abs(a / width - b / width); // <- hot 12
    }

    public List<Integer> find(int start, int goal) {
        int[] dist = new int[width * height];
        int[] from = new int[width * height];
        Arrays.fill(dist, Integer.MAX_VALUE);
        PriorityQueue<Node> open = new PriorityQueue<>((a, b) -> Integer.compare(a.priority(), b.priority())); // <- hot 11
        dist[start] = 0;
        from[start] = -1;
        open.add(new Node(start, estimate(start, goal)));
        while (!open.isEmpty()) {
            Node n = open.poll(); // <- hot 36
            if (n.cell() == goal) {
                return unwind(from, goal);
            }
            if (n.priority() > dist[n.cell()] + estimate(n.cell(), goal)) {
                continue;
            }
            int x = n.cell() % width;
            int y = n.cell() / width;
            for (int d = 0; d < 4; d++) {
                int nx = x + DX[d];
                int ny = y + DY[d];
                if (nx < 0 || ny < 0 || nx >= width || ny >= height || cost[ny * width + nx] < 0) {
                    continue;
                }
                int next = ny * width + nx;
                int through = dist[n.cell()] + 1 + cost[next];
                if (through < dist[next]) {
                    dist[next] = through;
                    from[next] = n.cell();
                    open.add(new Node(next, through + estimate(next, goal))); // <- hot 18
                }
            }
        }
        return Collections.emptyList();
    }

    private static List<Integer> unwind(int[] from, int goal) {
        List<Integer> path = new ArrayList<>();
        for (int c = goal; c >= 0; c = from[c]) {
            path.add(c);
        }
        Collections.reverse(path);
        return path;
    }
}
