package gfx.shader;

import java.util.ArrayList;
import java.util.List;

public class ShaderLexer {
    enum Kind { NAME, NUMBER, SYMBOL }

    record Token(Kind kind, String text, int line) {}

    private static final String[] PAIRS = {"==", "!=", "<=", ">=", "&&", "||", "+=", "-="};

    private final String src;
    private int pos;
    private int line = 1;

    public ShaderLexer(String src) {
        this.src = src;
    }

    private int symbolLength() {
        for (String pair : PAIRS) {
            if (src.startsWith(pair, pos)) { // <- hot 18
                return 2;
            }
        }
        return 1;
    }

    public List<Token> tokens() {
        List<Token> out = new ArrayList<>();
        while (pos < src.length()) {
            char c = src.charAt(pos);
            if (Character.isWhitespace(c)) { // <- hot 15
                if (c == '\n') line++;
                pos++;
                continue;
            }
            int start = pos;
            Kind kind;
            if (Character.isLetter(c) || c == '_') {
                while (pos < src.length() && Character.isLetterOrDigit(src.charAt(pos))) pos++; // <- hot 31
                pos = Math.max(pos, start + 1);
                kind = Kind.NAME;
            } else if (Character.isDigit(c)) {
                while (pos < src.length() && (Character.isDigit(src.charAt(pos)) || src.charAt(pos) == '.')) pos++;
                kind = Kind.NUMBER;
            } else {
                pos += symbolLength();
                kind = Kind.SYMBOL;
            }
            out.add(new Token(kind, src.substring(start, pos), line)); // <- hot 20
        }
        return out;
    }
}
