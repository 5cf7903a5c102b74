public class Scheduler {
    private final PriorityQueue<Job> ready = new PriorityQueue<>(Comparator.comparingLong(Job::deadline));
    private final Map<String, Integer> waiting = new HashMap<>();

    private void release(Job done) {
        for (Job next : done.successors()) {
            int left = waiting.merge(next.name(), -1, Integer::sum); // <- 0
            if (left == 0) {
                ready.add(next);
            }
        }
    }

    public List<Job> run(Collection<Job> jobs) {
        for (Job j : jobs) {
            waiting.put(j.name(), j.predecessorCount());
            if (j.predecessorCount() == 0) ready.add(j);
        }
        List<Job> order = new ArrayList<>();
        while (!ready.isEmpty()) {
            Job j = ready.poll();
            order.add(j);
            release(j); // <- 1
        }
        return order;
    }
}
