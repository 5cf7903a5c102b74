package payroll.export;

import java.io.IOException;
import java.io.Writer;
import java.util.List;
import java.util.Locale;

public final class BankFile {

    public record Transfer(String iban, String name, long cents, String purpose) {}

    private String body = "";
    private long total;
    private int lines;

    private static String pad(String s, int width) {
        String t = s.length() > width ? s.substring(0, width) : s;
        return String.format("%-" + width + "s", t);
    }

    private void line(String text) {
        body += text + "\r\n"; // <- cost hot 83
        lines++;
    }

    public void add(Transfer t) {
        line("T" + pad(t.iban().replace(" ", ""), 34) + pad(t.name().toUpperCase(Locale.ROOT), 70) // <- hot 12
                + String.format("%015d", t.cents()) + pad(t.purpose(), 140));
        total += t.cents();
    }

    public void addAll(List<Transfer> transfers) {
        line("H" + pad("SALARY", 20));
        transfers.forEach(this::add);
        line("Z" + String.format("%08d%018d", lines, total));
    }

    public void writeTo(Writer out) throws IOException {
        out.write(body);
        out.flush();
    }
}
