package photo.filter;

/** Separable blur with a running sum, over premultiplied grey values. */
public final class BoxBlur {
    private final int radius;

    public BoxBlur(int radius) {
        this.radius = radius;
    }

    private void pass(float[] in, float[] out, int width, int height) {
        float scale = 1f / (2 * radius + 1);
        for (int y = 0; y < height; y++) {
            int row = y * width;
            float sum = in[row] * radius;
            for (int x = 0; x <= radius; x++) {
                sum += in[row + Math.min(x, width - 1)];
            }
            for (int x = 0; x < width; x++) {
                out[x * height + y] = sum * scale; // <- hot 44
                int add = Math.min(x + radius + 1, width - 1);
                int sub = Math.max(x - radius, 0);
                sum += in[row + add] - in[row + sub]; // <- hot 35
            }
        }
    }

    public float[] apply(float[] image, int width, int height, int rounds) {
        float[] a = image.clone();
        float[] b = new float[image.length];
        for (int i = 0; i < rounds; i++) {
            pass(a, b, width, height);
            pass(b, a, height, width);
        }
        return a;
    }
}
