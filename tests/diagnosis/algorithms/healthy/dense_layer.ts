export class Matrix {
  readonly data: Float32Array;

  constructor(readonly rows: number, readonly cols: number, data?: Float32Array) {
    this.data = data ?? new Float32Array(rows * cols);
  }

  multiply(other: Matrix): Matrix {
    if (this.cols !== other.rows) throw new RangeError("shape");
    const out = new Matrix(this.rows, other.cols);
    const a = this.data;
    const b = other.data;
    const c = out.data;
    for (let i = 0; i < this.rows; i++) {
      const row = i * other.cols;
      for (let k = 0; k < this.cols; k++) {
        const f = a[i * this.cols + k];
        const base = k * other.cols;
        for (let j = 0; j < other.cols; j++) { // <- hot 26
          c[row + j] += f * b[base + j]; // <- hot 63
        }
      }
    }
    return out;
  }
}

type Activation = (x: number) => number;

export const relu: Activation = (x) => (x > 0 ? x : 0);

export class Dense {
  constructor(
    private readonly weights: Matrix,
    private readonly bias: Float32Array,
    private readonly activation: Activation,
  ) {}

  forward(batch: Matrix): Matrix {
    const out = batch.multiply(this.weights);
    for (let i = 0; i < out.rows; i++) {
      for (let j = 0; j < out.cols; j++) {
        const at = i * out.cols + j;
        out.data[at] = this.activation(out.data[at] + this.bias[j]);
      }
    }
    return out;
  }
}

export function predict(layers: Dense[], batch: Matrix): Matrix {
  return layers.reduce((x, layer) => layer.forward(x), batch);
}
