package com.acme.web;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

class SessionRegistry {
    static final class Session {
        final String id;
        final String userId;
        final Map<String, Object> attributes = new HashMap<>();
        volatile Instant lastSeen = Instant.now();
        volatile boolean remembered;

        Session(String id, String userId) {
            this.id = id;
            this.userId = userId;
        }
    }

    private final Map<String, Session> sessions = new ConcurrentHashMap<>();
    private final Map<String, List<Session>> byUser = new HashMap<>(); // <- cost
    private final Duration ttl;

    SessionRegistry(Duration ttl) {
        this.ttl = ttl;
    }

    synchronized Session login(String userId, byte[] avatar) {
        Session s = new Session(UUID.randomUUID().toString(), userId); // <- made 15
        s.attributes.put("avatar", avatar.clone()); // <- made 80
        s.attributes.put("csrf", UUID.randomUUID().toString()); // <- made 5
        sessions.put(s.id, s);
        byUser.computeIfAbsent(userId, k -> new ArrayList<>()).add(s); // <- cost
        return s;
    }

    Session touch(String id) {
        Session s = sessions.get(id);
        if (s != null) {
            s.lastSeen = Instant.now();
        }
        return s;
    }

    synchronized void logout(String id) {
        Session s = sessions.remove(id);
        if (s == null) {
            return;
        }
        List<Session> own = byUser.get(s.userId);
        own.remove(s);
        if (own.isEmpty()) {
            byUser.remove(s.userId);
        }
    }

    synchronized int countFor(String userId) {
        List<Session> live = new ArrayList<>();
        for (Session s : byUser.getOrDefault(userId, List.of())) {
            if (sessions.containsKey(s.id)) {
                live.add(s);
            }
        }
        return live.size();
    }

    void expire() {
        Instant limit = Instant.now().minus(ttl);
        Iterator<Session> it = sessions.values().iterator();
        while (it.hasNext()) {
            Session s = it.next();
            if (!s.remembered && s.lastSeen.isBefore(limit)) {
                it.remove(); // <- cost
            }
        }
    }
}
