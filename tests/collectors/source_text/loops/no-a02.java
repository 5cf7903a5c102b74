public final class Matrix {
    final int rows, cols;
    final double[] a;

    Matrix(int rows, int cols) {
        this.rows = rows;
        this.cols = cols;
        this.a = new double[rows * cols];
    }

    Matrix times(Matrix o) {
        if (cols != o.rows) throw new IllegalArgumentException("shape");
        Matrix r = new Matrix(rows, o.cols);
        for (int i = 0; i < rows; i++) {
            for (int k = 0; k < cols; k++) {
                double v = a[i * cols + k];
                for (int j = 0; j < o.cols; j++) {
                    r.a[i * o.cols + j] += v * o.a[k * o.cols + j]; // <- 0
                }
            }
        }
        return r;
    }
}
