package cluster.allocation;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Spreads unassigned shards over the nodes of a cluster. */
final class ShardBalancer {

    enum State { INITIALIZING, STARTED, RELOCATING }

    record Shard(String index, int number, boolean primary) { }

    record Routing(Shard shard, String nodeId, State state) { }

    private final List<String> nodeIds;
    private final int concurrentRecoveries;
    private final List<Routing> table = new ArrayList<>();

    ShardBalancer(Collection<String> nodeIds, int concurrentRecoveries) {
        this.nodeIds = List.copyOf(nodeIds);
        this.concurrentRecoveries = concurrentRecoveries;
    }

    List<Routing> routing() {
        return List.copyOf(table);
    }

    void assign(Shard shard, String nodeId, State state) {
        table.add(new Routing(shard, nodeId, state));
    }

    private long recovering(String nodeId) {
        return table.stream()
                .filter(r -> r.nodeId().equals(nodeId) && r.state() == State.INITIALIZING) // <- cost hot 38
                .count();
    }

    private double weight(String nodeId, String index) {
        int shards = 0;
        int ofIndex = 0;
        for (Routing r : table) { // <- cost hot 16
            if (r.nodeId().equals(nodeId)) { // <- hot 39
                shards++;
                if (r.shard().index().equals(index)) {
                    ofIndex++;
                }
            }
        }
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
                if (w < bestWeight) {
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
