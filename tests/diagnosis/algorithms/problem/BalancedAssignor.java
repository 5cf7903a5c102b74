package streams.consumer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
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
                if (!kept.contains(tp)) {
                    open.add(tp);
                }
            }
        });
        return open;
    }

    private int load(String member) {
        return assignment.get(member).size(); // <- hot 31
    }

    private void distribute(List<TopicPartition> open) {
        List<String> members = new ArrayList<>(assignment.keySet());
        Comparator<String> byLoad = Comparator.<String>comparingInt(this::load)
                .thenComparing(Comparator.naturalOrder());
        for (TopicPartition tp : open) { // <- cost
            members.sort(byLoad); // <- cost hot 62
            assignment.get(members.get(0)).add(tp);
        }
    }
}
