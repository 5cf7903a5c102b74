package com.acme.script;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

public class Interpreter {
    static final class Symbol {
        private static final Map<String, Symbol> TABLE = new HashMap<>(); // <- cost
        final String name;
        Object globalValue;

        private Symbol(String name) {
            this.name = name;
        }

        static synchronized Symbol of(String name) {
            Symbol s = TABLE.get(name);
            if (s == null) {
                s = new Symbol(name); // <- made 35
                TABLE.put(name, s); // <- cost
            }
            return s;
        }
    }

    static final class Scope {
        final Scope outer;
        final Map<Symbol, Object> vars = new HashMap<>();

        Scope(Scope outer) {
            this.outer = outer;
        }

        Object lookup(Symbol s) {
            for (Scope c = this; c != null; c = c.outer) {
                if (c.vars.containsKey(s)) {
                    return c.vars.get(s);
                }
            }
            return s.globalValue;
        }
    }

    private final List<String> output = new ArrayList<>();

    public List<String> run(String script, Map<String, Object> bindings) {
        Scope scope = new Scope(null);
        bindings.forEach((k, v) -> scope.vars.put(Symbol.of(k), v));
        for (String line : script.split(";")) {
            List<Object> form = read(line.trim());
            if (!form.isEmpty()) {
                eval(form, scope);
            }
        }
        List<String> result = new ArrayList<>(output);
        output.clear();
        return result;
    }

    private List<Object> read(String text) {
        List<Object> form = new ArrayList<>();
        int i = 0;
        while (i < text.length()) {
            int end = text.indexOf(' ', i);
            if (end < 0) {
                end = text.length();
            }
            String word = text.substring(i, end); // <- made 65
            if (!word.isEmpty()) {
                form.add(Character.isDigit(word.charAt(0)) ? (Object) Long.valueOf(word) : Symbol.of(word)); // <- cost
            }
            i = end + 1;
        }
        return form;
    }

    private void eval(List<Object> form, Scope scope) {
        String op = ((Symbol) form.get(0)).name;
        List<Object> args = new ArrayList<>();
        for (Object a : form.subList(1, form.size())) {
            args.add(a instanceof Symbol s && !op.equals("let") ? scope.lookup(s) : a);
        }
        switch (op) {
            case "let" -> scope.vars.put((Symbol) args.get(0), args.get(1));
            case "print" -> output.add(Objects.toString(args.get(0)));
            default -> throw new IllegalArgumentException("unknown operation " + op);
        }
    }
}
