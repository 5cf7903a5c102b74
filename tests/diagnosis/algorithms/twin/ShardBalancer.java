package cluster.allocation;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Spreads unassigned shards over the nodes of a cluster. */
final class ShardBalancer {

    enum State { INITIALIZING, STARTED, RELOCATING }

    record Shard(String index, int number, boolean primary) { }

    record Routing(Shard shard, String nodeId, State state) { }

    private final List<String> nodeIds;
    private final int concurrentRecoveries;
    private final List<Routing> table = new ArrayList<>();
    private final Map<String, int[]> countsByNode = new HashMap<>();
    private final Map<String, Map<String, Integer>> indexCounts = new HashMap<>();

    ShardBalancer(Collection<String> nodeIds, int concurrentRecoveries) {
        this.nodeIds = List.copyOf(nodeIds);
        this.concurrentRecoveries = concurrentRecoveries;
    }

    List<Routing> routing() {
        return List.copyOf(table);
    }

    void assign(Shard shard, String nodeId, State state) {
        table.add(new Routing(shard, nodeId, state));
        countsByNode.computeIfAbsent(nodeId, k -> new int[State.values().length + 1])[state.ordinal()]++;
        countsByNode.get(nodeId)[State.values().length]++;
        indexCounts.computeIfAbsent(nodeId, k -> new HashMap<>()).merge(shard.index(), 1, Integer::sum);
    }

    private int count(String nodeId, int slot) {
        int[] counts = countsByNode.get(nodeId); // <- hot 41
        return counts == null ? 0 : counts[slot];
    }

    private int recovering(String nodeId) {
        return count(nodeId, State.INITIALIZING.ordinal());
    }

    private double weight(String nodeId, String index) {
        int shards = count(nodeId, State.values().length);
        int ofIndex = indexCounts.getOrDefault(nodeId, Map.of()).getOrDefault(index, 0); // <- hot 34
        return 0.45 * shards + 0.55 * ofIndex;
    }

    /** Gives each shard to the lightest node that may take one; returns those left over. */
    List<Shard> allocate(List<Shard> unassigned) {
        List<Shard> ignored = new ArrayList<>();
        unassigned.sort(Comparator.comparing(Shard::primary).reversed());
        for (Shard shard : unassigned) {
            String best = null;
            double bestWeight = Double.POSITIVE_INFINITY;
            for (String nodeId : nodeIds) {
                if (recovering(nodeId) >= concurrentRecoveries) {
                    continue;
                }
                double w = weight(nodeId, shard.index());
                if (w < bestWeight) { // <- hot 8
                    bestWeight = w;
                    best = nodeId;
                }
            }
            if (best == null) {
                ignored.add(shard);
            } else {
                assign(shard, best, State.INITIALIZING);
            }
        }
        return ignored;
    }
}
