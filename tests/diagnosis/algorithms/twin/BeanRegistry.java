package container;

import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Singletons of a container and which of them depend upon which. */
class BeanRegistry {

    interface Disposable {
        void destroy() throws Exception;
    }

    private final Map<String, Object> singletons = new ConcurrentHashMap<>(256);
    private final Map<String, Disposable> disposables = new LinkedHashMap<>();
    private final Map<String, Set<String>> dependentsOf = new ConcurrentHashMap<>(64);

    void registerSingleton(String name, Object bean) {
        singletons.put(name, bean);
        if (bean instanceof Disposable d) {
            disposables.put(name, d);
        }
    }

    /** Notes that {@code dependent} is made with {@code name}; refuses a circle. */
    void registerDependency(String name, String dependent) {
        if (isDependent(dependent, name)) {
            throw new IllegalStateException("Circular depends-on relationship between '"
                    + name + "' and '" + dependent + "'");
        }
        synchronized (dependentsOf) {
            dependentsOf.computeIfAbsent(name, k -> new LinkedHashSet<>(8)).add(dependent);
        }
    }

    /** Whether {@code other} depends on {@code name}, be it through further beans. */
    boolean isDependent(String name, String other) {
        synchronized (dependentsOf) {
            return isDependentOn(name, other, new HashSet<>());
        }
    }

    private boolean isDependentOn(String name, String other, Set<String> seen) {
        if (!seen.add(name)) { // <- hot 42
            return false;
        }
        Set<String> direct = dependentsOf.getOrDefault(name, Collections.emptySet()); // <- hot 20
        if (direct.contains(other)) { // <- hot 14
            return true;
        }
        for (String transitive : direct) { // <- hot 12
            if (isDependentOn(transitive, other, seen)) {
                return true;
            }
        }
        return false;
    }

    void destroy(String name) throws Exception {
        Set<String> dependents = dependentsOf.remove(name);
        if (dependents != null) {
            for (String dependent : dependents) {
                destroy(dependent);
            }
        }
        singletons.remove(name);
        Disposable disposable = disposables.remove(name);
        if (disposable != null) {
            disposable.destroy();
        }
    }
}
