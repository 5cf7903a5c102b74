package com.acme.codec;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.ConcurrentHashMap;

public class RecordEncoder {
    private static final class PlanKey {
        final Class<?> type;
        final String view;

        PlanKey(Class<?> type, String view) {
            this.type = type;
            this.view = view;
        }

        @Override
        public int hashCode() {
            return type.hashCode() * 31 + view.hashCode();
        }
    }

    private static final class Plan {
        final List<Field> fields;
        final String header;

        Plan(List<Field> fields, String header) {
            this.fields = fields;
            this.header = header;
        }
    }

    private final Map<PlanKey, Plan> plans = new ConcurrentHashMap<>(); // <- cost
    private final Map<Class<?>, Integer> usage = new ConcurrentHashMap<>();

    public String encode(Object record, String view) throws IllegalAccessException {
        usage.merge(record.getClass(), 1, Integer::sum);
        Plan plan = planFor(record.getClass(), view);
        StringJoiner out = new StringJoiner(",", plan.header + ":", "\n");
        for (Field f : plan.fields) {
            Object value = f.get(record);
            out.add(value == null ? "" : escape(value.toString()));
        }
        return out.toString();
    }

    private Plan planFor(Class<?> type, String view) {
        PlanKey key = new PlanKey(type, view); // <- made 10
        Plan plan = plans.get(key);
        if (plan == null) {
            plan = build(type, view);
            plans.put(key, plan); // <- cost
        }
        return plan;
    }

    private static Plan build(Class<?> type, String view) {
        List<Field> fields = new ArrayList<>();
        for (Field f : type.getDeclaredFields()) { // <- made 75
            if (Modifier.isStatic(f.getModifiers()) || Modifier.isTransient(f.getModifiers())) {
                continue;
            }
            if (view.equals("summary") && f.getType().isArray()) {
                continue;
            }
            f.setAccessible(true);
            fields.add(f);
        }
        return new Plan(fields, type.getSimpleName() + "/" + view); // <- made 15
    }

    private static String escape(String s) {
        return s.indexOf(',') < 0 ? s : '"' + s.replace("\"", "\"\"") + '"';
    }

    public Map<Class<?>, Integer> usage() {
        return Map.copyOf(usage);
    }
}
