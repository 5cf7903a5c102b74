package chat.moderation;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** Masks all banned words of a chat line in one pass over its characters. */
public class WordFilter {

    private static final class Node {
        final Map<Character, Node> next = new HashMap<>(4);
        Node fail;
        int longest;
    }

    private final Node root = new Node();

    public WordFilter(Collection<String> banned) {
        for (String word : banned) {
            Node at = root;
            for (char c : word.toLowerCase().toCharArray()) {
                at = at.next.computeIfAbsent(c, k -> new Node());
            }
            at.longest = word.length();
        }
        ArrayDeque<Node> queue = new ArrayDeque<>();
        queue.add(root);
        while (!queue.isEmpty()) {
            Node node = queue.poll();
            node.next.forEach((c, child) -> {
                Node f = node.fail;
                while (f != null && !f.next.containsKey(c)) {
                    f = f.fail;
                }
                child.fail = f == null ? root : f.next.get(c);
                child.longest = Math.max(child.longest, child.fail.longest);
                queue.add(child);
            });
        }
    }

    public String mask(String line) {
        char[] out = line.toCharArray();
        Node at = root;
        for (int i = 0; i < out.length; i++) {
            char c = Character.toLowerCase(line.charAt(i)); // <- hot 14
            while (at != root && !at.next.containsKey(c)) { // <- hot 29
                at = at.fail;
            }
            at = at.next.getOrDefault(c, root); // <- hot 44
            for (int k = 0; k < at.longest; k++) {
                out[i - k] = '*';
            }
        }
        return new String(out);
    }
}
