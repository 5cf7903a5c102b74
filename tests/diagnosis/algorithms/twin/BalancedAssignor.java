package streams.consumer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/** Hands out partitions to the members of a group, keeping what they had. */
final class BalancedAssignor {

    record TopicPartition(String topic, int partition) { }

    private final Map<String, List<TopicPartition>> assignment = new HashMap<>();

    Map<String, List<TopicPartition>> assign(Map<String, Integer> partitionsPerTopic,
                                             Map<String, List<TopicPartition>> previous) {
        assignment.clear();
        Set<TopicPartition> kept = new HashSet<>();
        int total = partitionsPerTopic.values().stream().mapToInt(Integer::intValue).sum();
        int quota = (total + previous.size() - 1) / Math.max(1, previous.size());
        previous.forEach((member, owned) -> {
            List<TopicPartition> mine = new ArrayList<>(quota);
            for (TopicPartition tp : owned) {
                if (mine.size() < quota && kept.add(tp)) {
                    mine.add(tp);
                }
            }
            assignment.put(member, mine);
        });
        distribute(unassigned(partitionsPerTopic, kept));
        return Collections.unmodifiableMap(assignment);
    }

    private List<TopicPartition> unassigned(Map<String, Integer> partitionsPerTopic, Set<TopicPartition> kept) {
        List<TopicPartition> open = new ArrayList<>();
        partitionsPerTopic.forEach((topic, count) -> {
            for (int p = 0; p < count; p++) {
                TopicPartition tp = new TopicPartition(topic, p);
                if (!kept.contains(tp)) { // <- hot 22
                    open.add(tp);
                }
            }
        });
        return open;
    }

    private int load(String member) {
        return assignment.get(member).size();
    }

    private void distribute(List<TopicPartition> open) {
        record Slot(String member, int load) { }
        PriorityQueue<Slot> slots = new PriorityQueue<>(
                Comparator.comparingInt(Slot::load).thenComparing(Slot::member));
        assignment.keySet().forEach(member -> slots.add(new Slot(member, load(member))));
        for (TopicPartition tp : open) {
            Slot least = slots.poll(); // <- hot 39
            if (least == null) {
                return;
            }
            assignment.get(least.member()).add(tp); // <- hot 9
            slots.add(new Slot(least.member(), least.load() + 1)); // <- hot 13
        }
    }
}
