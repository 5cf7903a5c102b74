package net.portside.customs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;

/** Writes the container manifest in the fixed format of the customs office. */
public class ManifestWriter {
    public record Container(String number, String sealNo, int grossKilos, String contents) { }

    private final String portCode;

    public ManifestWriter(String portCode) {
        this.portCode = portCode;
    }

    private static String pad(String s, int width) {
        if (s.length() >= width) {
            return s.substring(0, width);
        }
        return s + " ".repeat(width - s.length());
    }

    private String row(Container c) {
        return "CNT" + pad(c.number(), 11) + pad(c.sealNo(), 8)
                + String.format("%08d", c.grossKilos()) + pad(c.contents(), 40); // <- hot 71
    }

    public String render(Iterator<Container> containers) {
        StringBuilder out = new StringBuilder("HDR").append(pad(portCode, 5)).append("\r\n");
        int rows = 0;
        while (containers.hasNext()) {
            Container c = containers.next();
            out.append(row(c)).append("\r\n"); // <- hot 12
            rows++;
        }
        return out.append("END").append(String.format("%06d", rows)).append("\r\n").toString();
    }

    public void write(Path target, Iterator<Container> containers) throws IOException {
        Files.write(target, render(containers).getBytes(StandardCharsets.US_ASCII));
    }
}
