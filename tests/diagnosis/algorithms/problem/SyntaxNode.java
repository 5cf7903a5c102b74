package checks.tree;

import java.util.ArrayList;
import java.util.List;

/** Node of a syntax tree; children are a chain of siblings. */
final class SyntaxNode {

    private final int type;
    private final String text;
    private final int line;
    private SyntaxNode parent;
    private SyntaxNode firstChild;
    private SyntaxNode lastChild;
    private SyntaxNode nextSibling;

    SyntaxNode(int type, String text, int line) {
        this.type = type;
        this.text = text;
        this.line = line;
    }

    int type() {
        return type;
    }

    int line() {
        return line;
    }

    SyntaxNode nextSibling() {
        return nextSibling;
    }

    void addChild(SyntaxNode child) {
        child.parent = this;
        if (firstChild == null) {
            firstChild = child;
        } else {
            lastChild.nextSibling = child;
        }
        lastChild = child;
    }

    SyntaxNode previousSibling() {
        SyntaxNode previous = null;
        if (parent != null) {
            SyntaxNode node = parent.firstChild;
            while (node != null && node != this) { // <- hot 20
                previous = node;
                node = node.nextSibling; // <- cost hot 71
            }
        }
        return previous;
    }

    static final class BlankLineCheck {

        private static final int COMMENT = 1;
        private static final int METHOD = 2;

        private final List<String> violations = new ArrayList<>();

        /** Wants a blank line between a method and what stands before its comments. */
        void visit(SyntaxNode node) {
            if (node.type() == METHOD) {
                SyntaxNode top = node;
                SyntaxNode before = node.previousSibling();
                while (before != null && before.type() == COMMENT) {
                    top = before;
                    before = before.previousSibling(); // <- cost
                }
                if (before != null && top.line() - before.line() < 2) {
                    violations.add(top.line() + ": '" + node.text + "' should be preceded by a blank line");
                }
            }
            for (SyntaxNode child = node.firstChild; child != null; child = child.nextSibling()) {
                visit(child);
            }
        }

        List<String> violations() {
            return violations;
        }
    }
}
