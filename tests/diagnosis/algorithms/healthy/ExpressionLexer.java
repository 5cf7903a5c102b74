package org.sheetcalc.formula;

import java.util.ArrayList;
import java.util.List;

public class ExpressionLexer {
    public enum Kind { NUMBER, NAME, CELL, OP, STRING, LPAREN, RPAREN, COMMA }

    public record Token(Kind kind, int start, int end) { }

    private static final String[] TWO_CHAR = {"<=", ">=", "<>"};

    private final String src;
    private int pos;

    public ExpressionLexer(String src) {
        this.src = src;
    }

    public List<Token> lex() {
        List<Token> out = new ArrayList<>();
        while (pos < src.length()) {
            char c = src.charAt(pos); // <- hot 11
            if (Character.isWhitespace(c)) {
                pos++;
            } else {
                out.add(next(c)); // <- hot 13
            }
        }
        return out;
    }

    private Token next(char c) {
        int start = pos;
        if (Character.isDigit(c) || c == '.') {
            while (pos < src.length() && (Character.isDigit(src.charAt(pos)) || src.charAt(pos) == '.')) { // <- hot 24
                pos++;
            }
            return new Token(Kind.NUMBER, start, pos);
        }
        if (Character.isLetter(c) || c == '$') {
            boolean digits = false;
            while (pos < src.length() && (Character.isLetterOrDigit(src.charAt(pos)) || src.charAt(pos) == '$')) { // <- hot 30
                digits |= Character.isDigit(src.charAt(pos));
                pos++;
            }
            return new Token(digits ? Kind.CELL : Kind.NAME, start, pos);
        }
        if (c == '"') {
            int close = src.indexOf('"', pos + 1);
            pos = close < 0 ? src.length() : close + 1;
            return new Token(Kind.STRING, start, pos);
        }
        for (String op : TWO_CHAR) {
            if (src.startsWith(op, pos)) {
                pos += 2;
                return new Token(Kind.OP, start, pos);
            }
        }
        pos++;
        switch (c) {
            case '(': return new Token(Kind.LPAREN, start, pos);
            case ')': return new Token(Kind.RPAREN, start, pos);
            case ',': return new Token(Kind.COMMA, start, pos);
            default: return new Token(Kind.OP, start, pos);
        }
    }
}
