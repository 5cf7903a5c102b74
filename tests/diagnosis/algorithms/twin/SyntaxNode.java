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
    private SyntaxNode previousSibling;

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
            child.previousSibling = lastChild;
        }
        lastChild = child;
    }

    SyntaxNode previousSibling() {
        return previousSibling;
    }

    static final class BlankLineCheck {

        private static final int COMMENT = 1;
        private static final int METHOD = 2;

        private final List<String> violations = new ArrayList<>();

        /** Wants a blank line between a method and what stands before its comments. */
        void visit(SyntaxNode node) {
            if (node.type() == METHOD) {
                SyntaxNode top = node;
                SyntaxNode before = node.previousSibling(); // <- hot 31
                while (before != null && before.type() == COMMENT) { // <- hot 16
                    top = before;
                    before = before.previousSibling();
                }
                if (before != null && top.line() - before.line() < 2) {
                    violations.add(top.line() + ": '" + node.text + "' should be preceded by a blank line");
                }
            }
            for (SyntaxNode child = node.firstChild; child != null; child = child.nextSibling()) { // <- hot 36
                visit(child);
            }
        }

        List<String> violations() {
            return violations;
        }
    }
}
