// A network that explorers/pack.py packed, run with typed arrays.

/** The value of a half-precision number from its sixteen bits. */
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
}

/** erf(x) to 1.2e-7, from the Chebyshev fit of erfc in Numerical Recipes, section 6.2. */
function erf(x) {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const terms = [
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196,
    1.00002368, -1.26551223,
  ];
  const y = 1 - t * Math.exp(terms.reduce((sum, term) => sum * t + term, 0) - x * x);
  return x < 0 ? -y : y;
}

const sigmoid = (a) => (a < 0 ? Math.exp(a) / (1 + Math.exp(a)) : 1 / (1 + Math.exp(-a)));

/** For each layer of pack.py that is no Linear: from its settings to a function of a number. */
const FUNCTIONS = {
  ReLU: () => (a) => Math.max(a, 0),
  LeakyReLU:
    ({ negative_slope }) =>
    (a) =>
      a < 0 ? negative_slope * a : a,
  ELU:
    ({ alpha }) =>
    (a) =>
      a < 0 ? alpha * Math.expm1(a) : a,
  SiLU: () => (a) => a * sigmoid(a),
  GELU: ({ approximate }) =>
    approximate === "tanh"
      ? (a) => 0.5 * a * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (a + 0.044715 * a ** 3)))
      : (a) => 0.5 * a * (1 + erf(a * Math.SQRT1_2)),
  Softplus:
    ({ beta, threshold }) =>
    (a) =>
      a * beta > threshold ? a : Math.log1p(Math.exp(a * beta)) / beta,
  Tanh: () => Math.tanh,
  Sigmoid: () => sigmoid,
  Flatten: () => null,
  Identity: () => null,
};

// Layers of images: each takes (x, [channels, rows, columns]) and gives the same.
const size = (n, kernel, stride, padding) => Math.floor((n + 2 * padding - kernel) / stride) + 1;

function convolution({ layer, weight, bias }, x, [, rows, columns]) {
  const [[kr, kc], [sr, sc], [pr, pc]] = [layer.kernel_size, layer.stride, layer.padding];
  const shape = [layer.out_channels, size(rows, kr, sr, pr), size(columns, kc, sc, pc)];
  const [, R, C] = shape;
  const out = new Float32Array(shape[0] * R * C);
  for (let o = 0, at = 0; o < shape[0]; o++) {
    out.fill(bias[o], o * R * C, (o + 1) * R * C);
    for (let i = 0; i < layer.in_channels; i++) {
      for (let a = 0; a < kr; a++) {
        for (let b = 0; b < kc; b++, at++) {
          for (let r = 0; r < R; r++) {
            const row = r * sr + a - pr;
            if (row < 0 || row >= rows) continue;
            for (let c = 0; c < C; c++) {
              const column = c * sc + b - pc;
              if (column < 0 || column >= columns) continue;
              out[(o * R + r) * C + c] += weight[at] * x[(i * rows + row) * columns + column];
            }
          }
        }
      }
    }
  }
  return [out, shape];
}

function transposed({ layer, weight, bias }, x, [, rows, columns]) {
  const [[kr, kc], [sr, sc], [pr, pc]] = [layer.kernel_size, layer.stride, layer.padding];
  const [er, ec] = layer.output_padding;
  const shape = [layer.out_channels, (rows - 1) * sr - 2 * pr + kr + er, (columns - 1) * sc - 2 * pc + kc + ec];
  const [, R, C] = shape;
  const out = new Float32Array(shape[0] * R * C);
  for (let o = 0; o < shape[0]; o++) out.fill(bias[o], o * R * C, (o + 1) * R * C);
  for (let i = 0, at = 0; i < layer.in_channels; i++) {
    for (let o = 0; o < shape[0]; o++) {
      for (let a = 0; a < kr; a++) {
        for (let b = 0; b < kc; b++, at++) {
          for (let r = 0; r < rows; r++) {
            const row = r * sr + a - pr;
            if (row < 0 || row >= R) continue;
            for (let c = 0; c < columns; c++) {
              const column = c * sc + b - pc;
              if (column < 0 || column >= C) continue;
              out[(o * R + row) * C + column] += weight[at] * x[(i * rows + r) * columns + c];
            }
          }
        }
      }
    }
  }
  return [out, shape];
}

/** The pixels of the new shape, each from `from(row, column)` of the old image. */
function picked(x, [channels, rows, columns], [R, C], from) {
  const out = new Float32Array(channels * R * C);
  for (let i = 0, at = 0; i < channels; i++) {
    for (let r = 0; r < R; r++) {
      for (let c = 0; c < C; c++, at++) {
        const [row, column] = from(r, c);
        out[at] = x[(i * rows + row) * columns + column];
      }
    }
  }
  return [out, [channels, R, C]];
}

const IMAGES = {
  Conv2d: convolution,
  ConvTranspose2d: transposed,
  Unflatten: ({ layer }, x) => [x, layer.unflattened_size],
  Crop: ({ layer }, x, shape) => picked(x, shape, [layer.rows, layer.columns], (r, c) => [r, c]),
  Upsample({ layer }, x, shape) {
    const [a, b] = [layer.scale_factor].flat().concat(layer.scale_factor);
    const larger = [Math.floor(shape[1] * a), Math.floor(shape[2] * b)];
    return picked(x, shape, larger, (r, c) => [Math.floor(r / a), Math.floor(c / b)]);
  },
  PixelBias: ({ bias }, x, shape) => [x.map((v, d) => v + bias[d]), shape],
};

/** out = W x + b, with W by rows. */
function linear({ weight, bias }, x) {
  const n = x.length;
  const out = new Float32Array(bias.length);
  for (let row = 0, at = 0; row < out.length; row++) {
    // four sums at a time: the processor need not wait for the last one
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let i = 0;
    for (; i + 3 < n; i += 4, at += 4) {
      s0 += weight[at] * x[i];
      s1 += weight[at + 1] * x[i + 1];
      s2 += weight[at + 2] * x[i + 2];
      s3 += weight[at + 3] * x[i + 3];
    }
    for (; i < n; i++, at++) s0 += weight[at] * x[i];
    out[row] = bias[row] + (s0 + s1) + (s2 + s3);
  }
  return out;
}

/**
 * A function from an array of inputs to a Float32Array of outputs.
 * @param {DataView | ArrayBuffer | ArrayBufferView} packed what `pack` returned
 */
export function loadNetwork(packed) {
  const view = ArrayBuffer.isView(packed)
    ? new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
    : new DataView(packed);
  if (view.byteLength < 8 || view.getUint32(0) !== 0x4e455431) {
    throw new Error("this is no packed network: it does not begin with NET1");
  }
  const length = view.getUint32(4, true);
  const text = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + 8, length));
  let at = 8 + length;
  const numbers = (n) => {
    const values = new Float32Array(n);
    for (let i = 0; i < n; i++, at += 2) values[i] = half(view.getUint16(at, true));
    return values;
  };
  const layers = JSON.parse(text).layers.map((layer) => {
    if (layer.type === "Linear") {
      return { weight: numbers(layer.in * layer.out), bias: numbers(layer.out) };
    }
    if (layer.type in IMAGES) {
      const [kr, kc] = layer.kernel_size ?? [0, 0];
      const weight = numbers((layer.in_channels ?? 0) * (layer.out_channels ?? 0) * kr * kc);
      return { image: IMAGES[layer.type], layer, weight, bias: numbers(layer.out_channels ?? layer.x_dim ?? 0) };
    }
    return { apply: FUNCTIONS[layer.type](layer) };
  });
  return (input) => {
    let x = Float32Array.from(input);
    let shape = [];
    for (const layer of layers) {
      if (layer.image) [x, shape] = layer.image(layer, x, shape);
      else if (layer.weight) x = linear(layer, x);
      else if (layer.apply) x = x.map(layer.apply);
    }
    return x;
  };
}
