import java.util.*;

class TaskGraph {
    private final List<Task> tasks = new ArrayList<>();

    void add(Task t) {
        tasks.add(t);
    }

    private Task byName(String name) {
        for (Task t : tasks) {
            if (t.name.equals(name)) { // <- 0
                return t;
            }
        }
        throw new IllegalStateException("no task " + name);
    }

    private boolean isReady(Task t) {
        for (String dep : t.dependsOn) {
            if (!byName(dep).finished) { // <- 1
                return false;
            }
        }
        return true;
    }

    List<Task> runnable() {
        List<Task> ready = new ArrayList<>();
        Iterator<Task> it = tasks.iterator();
        while (it.hasNext()) { // <- outer
            Task t = it.next();
            if (!t.finished && isReady(t)) { // <- 2
                ready.add(t);
            }
        }
        return ready;
    }
}
