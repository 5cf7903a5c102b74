package com.acme.build;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

public class DependencyGraph {
    static final class Node {
        final String name;
        final List<Node> dependents = new ArrayList<>(); // <- cost
        List<Node> inputs = List.of();
        byte[] digest;

        Node(String name) {
            this.name = name;
        }
    }

    private final Map<String, Node> nodes = new HashMap<>();
    private final Set<Node> dirty = new LinkedHashSet<>();

    public Node source(String path) {
        return nodes.computeIfAbsent(path, Node::new);
    }

    public void define(String target, Collection<String> inputs) {
        Node old = nodes.get(target);
        Node node = new Node(target); // <- made 60
        List<Node> resolved = new ArrayList<>(inputs.size()); // <- made 40
        for (String in : inputs) {
            Node dep = source(in);
            resolved.add(dep);
            dep.dependents.add(node); // <- cost
        }
        node.inputs = resolved;
        if (old != null) {
            node.dependents.addAll(old.dependents);
            dirty.remove(old);
        }
        nodes.put(target, node); // <- cost
        dirty.add(node);
    }

    public void changed(String path) {
        Node start = nodes.get(path);
        if (start == null) {
            return;
        }
        Deque<Node> work = new ArrayDeque<>();
        Set<Node> seen = new HashSet<>();
        work.push(start);
        while (!work.isEmpty()) {
            Node n = work.pop();
            if (!seen.add(n)) {
                continue;
            }
            if (nodes.get(n.name) == n) {
                dirty.add(n);
            }
            n.dependents.forEach(work::push);
        }
    }

    public List<String> drainDirty() {
        List<String> order = new ArrayList<>();
        for (Node n : dirty) {
            order.add(n.name);
        }
        dirty.clear();
        return order;
    }
}
