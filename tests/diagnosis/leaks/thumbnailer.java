package com.acme.media;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.imageio.ImageIO;

public class Thumbnailer {
    private final File workDir;
    private final Map<String, BufferedImage> recent = new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, BufferedImage> eldest) {
            return size() > 64;
        }
    };

    public Thumbnailer(File workDir) {
        this.workDir = workDir;
    }

    public byte[] thumbnail(String name, byte[] upload, int edge) throws IOException {
        BufferedImage small = recent.get(name + '@' + edge);
        if (small == null) {
            BufferedImage full = ImageIO.read(new ByteArrayInputStream(upload));
            if (full == null) {
                throw new IOException("not an image: " + name);
            }
            small = scale(full, edge);
            recent.put(name + '@' + edge, small);
        }
        File file = scratch(name);
        try {
            ImageIO.write(small, "png", file);
            optimize(file);
            return Files.readAllBytes(file.toPath());
        } finally {
            file.delete();
        }
    }

    private File scratch(String name) throws IOException {
        String prefix = name.replaceAll("[^a-zA-Z0-9]", "_");
        if (prefix.length() < 3) {
            prefix = prefix + "___";
        }
        File file = File.createTempFile(prefix, ".png", workDir); // <- made 60
        file.deleteOnExit(); // <- made 40 <- cost
        return file;
    }

    private static BufferedImage scale(BufferedImage src, int edge) {
        double ratio = (double) edge / Math.max(src.getWidth(), src.getHeight());
        int w = Math.max(1, (int) (src.getWidth() * ratio));
        int h = Math.max(1, (int) (src.getHeight() * ratio));
        BufferedImage out = new BufferedImage(w, h, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = out.createGraphics();
        try {
            g.drawImage(src, 0, 0, w, h, null);
        } finally {
            g.dispose();
        }
        return out;
    }

    private static void optimize(File file) throws IOException {
        Process p = new ProcessBuilder("optipng", "-quiet", file.getPath()).start();
        try {
            p.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
