package com.larkspur.container;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

public class ComponentFactory {

    public enum Scope { SINGLETON, PROTOTYPE }

    public record Definition(Scope scope, Map<String, String> refs, Function<Map<String, Object>, Object> maker,
                             Definition inner) {
    }

    private final Map<String, Definition> definitions = new ConcurrentHashMap<>();
    private final Map<String, Object> singletons = new ConcurrentHashMap<>();
    private final Map<String, Set<String>> dependents = new ConcurrentHashMap<>(64);
    private final Map<String, Set<String>> contained = new ConcurrentHashMap<>(16); // <- cost
    private final Map<String, AutoCloseable> disposables = new LinkedHashMap<>();
    private final ThreadLocal<Set<String>> inCreation = ThreadLocal.withInitial(HashSet::new);

    public void define(String name, Definition definition) {
        definitions.put(name, definition);
    }

    public Object get(String name) {
        Object shared = singletons.get(name);
        if (shared != null) {
            return shared;
        }
        Definition definition = definitions.get(name);
        if (definition == null) {
            throw new IllegalArgumentException("No component named '" + name + "'");
        }
        Object made = create(name, definition);
        if (definition.scope() == Scope.SINGLETON) {
            singletons.put(name, made);
            if (made instanceof AutoCloseable closeable) {
                disposables.put(name, closeable);
            }
        }
        return made;
    }

    private Object create(String name, Definition definition) {
        if (!inCreation.get().add(name)) {
            throw new IllegalStateException("Circular reference: " + inCreation.get());
        }
        try {
            Map<String, Object> values = new HashMap<>();
            for (Map.Entry<String, String> ref : definition.refs().entrySet()) {
                registerDependent(ref.getValue(), name);
                values.put(ref.getKey(), get(ref.getValue()));
            }
            if (definition.inner() != null) {
                values.put("inner", resolveInner(name, definition.inner()));
            }
            return definition.maker().apply(values);
        } finally {
            inCreation.get().remove(name);
        }
    }

    private Object resolveInner(String outer, Definition inner) {
        Object token = new Object();
        String innerName = "(inner component)#" + Integer.toHexString(System.identityHashCode(token)) // <- made 60
                + Long.toHexString(System.nanoTime());
        Object made = create(innerName, inner);
        registerContained(innerName, outer);
        return made;
    }

    private void registerContained(String inner, String outer) {
        Set<String> names = contained.computeIfAbsent(outer, k -> new LinkedHashSet<>(8));
        names.add(inner); // <- made 40 <- cost
    }

    private void registerDependent(String name, String dependent) {
        if (dependent.startsWith("(inner")) {
            return;
        }
        dependents.computeIfAbsent(name, k -> ConcurrentHashMap.newKeySet()).add(dependent);
    }

    public void destroy(String name) throws Exception {
        singletons.remove(name);
        List<String> order = new ArrayList<>(dependents.getOrDefault(name, Set.of()));
        for (String dependent : order) {
            destroy(dependent);
        }
        dependents.remove(name);
        contained.remove(name);
        AutoCloseable closeable = disposables.remove(name);
        if (closeable != null) {
            closeable.close();
        }
    }
}
