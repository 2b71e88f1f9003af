// The latent plane: a marker to drag, the image that it stands for, and what an encoding costs.
//
// z is the marker, x the image shown to the encoder, q = q(z | x) with mean mu and standard
// deviation sigma. The networks run here, so a page without a kernel does all of it.
import { loadNetwork } from "./network.js";

// A page in another language has words for what is said here.
const say =
  globalThis.say ?? ((english, values) => english.replace(/\{(\w+)\}/g, (_, name) => values[name]));

const N_DRAWS = 32;
const N_STEPS = 9; // pictures in the strip, both ends included
const INK = "#16202b";
const MARKER = "#c2185b";
// What follows in the model from a part that the reader touches.
const FOLLOWS = {
  x: ["encoder", "mu", "sigma", "z", "decoder", "x_hat"],
  mu: ["z", "decoder", "x_hat"],
  epsilon: ["mu", "sigma", "z", "decoder", "x_hat"],
  z: ["decoder", "x_hat"],
};

// ---------------------------------------------------------------- numbers

const clamp = (a, low, high) => Math.min(high, Math.max(low, a));

/** Standard normal numbers, the same ones for the same seed (mulberry32, Box and Muller). */
export function normals(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** log p(x | z) in nats, from what the decoder's network gives at z. */
export function logLikelihood(likelihood, x, output) {
  let sum = 0;
  if (likelihood.kind === "gaussian") {
    for (let d = 0; d < x.length; d++) sum += (x[d] - output[d]) ** 2;
    return -0.5 * (x.length * (Math.log(2 * Math.PI) + likelihood.log_var) + sum / Math.exp(likelihood.log_var));
  }
  for (let d = 0; d < x.length; d++) {
    const a = output[d];
    sum += x[d] * a - Math.max(a, 0) - Math.log1p(Math.exp(-Math.abs(a)));
  }
  return sum;
}

/** The decoder's mean image, from what its network gives. */
export function meanImage(likelihood, output) {
  return likelihood.kind === "gaussian" ? output : output.map((a) => 1 / (1 + Math.exp(-a)));
}

/** q(z | x): the encoder's network gives the H means, then the H log variances. */
export function posterior(encode, x) {
  const output = encode(x);
  const H = output.length / 2;
  return { mu: Array.from(output.subarray(0, H)), sigma: Array.from(output.subarray(H), (v) => Math.exp(v / 2)) };
}

/** The two terms of the ELBO in nats; the first is an average over draws of z, with its standard error. */
export function elboTerms(decode, likelihood, x, { mu, sigma }) {
  const normal = normals(1);
  const values = Array.from({ length: N_DRAWS }, () =>
    logLikelihood(likelihood, x, decode(mu.map((m, h) => m + sigma[h] * normal()))),
  );
  const reconstruction = values.reduce((a, b) => a + b) / N_DRAWS;
  const variance = values.reduce((sum, v) => sum + (v - reconstruction) ** 2, 0) / (N_DRAWS - 1);
  const kl = mu.reduce((sum, m, h) => sum + 0.5 * (m * m + sigma[h] ** 2 - 1) - Math.log(sigma[h]), 0);
  return { reconstruction, error: Math.sqrt(variance / N_DRAWS), kl, elbo: reconstruction - kl };
}

/**
 * Pen strokes as an image of the kind that MNIST holds: scaled to 20 of 28 pixels, its centre
 * of mass in the middle, lines about two pixels wide (LeCun et al., 1998).
 * @param {number[][][]} strokes lists of points [right, down], in any unit
 */
export function rasterize(strokes, side) {
  const pixel = side / 28;
  const points = strokes.flat();
  const image = new Float32Array(side * side);
  if (!points.length) return image;
  const [low, high] = [Math.min, Math.max].map((end) => [0, 1].map((i) => end(...points.map((p) => p[i]))));
  const extent = Math.max(high[0] - low[0], high[1] - low[1]);
  const scale = extent > 0 ? (17.5 * pixel) / extent : 1;
  let shift = [0, 1].map((i) => side / 2 - (scale * (low[i] + high[i])) / 2);
  const draw = () => {
    image.fill(0);
    for (const stroke of strokes) {
      stroke.forEach((point, n) => {
        const [ax, ay] = stroke[Math.max(n - 1, 0)].map((c, i) => scale * c + shift[i]);
        const [bx, by] = point.map((c, i) => scale * c + shift[i]);
        const reach = 2 * pixel;
        const length = (bx - ax) ** 2 + (by - ay) ** 2;
        const from = [Math.min(ax, bx) - reach, Math.min(ay, by) - reach].map((c) => clamp(Math.floor(c), 0, side));
        const to = [Math.max(ax, bx) + reach, Math.max(ay, by) + reach].map((c) => clamp(Math.ceil(c), 0, side));
        for (let row = from[1]; row < to[1]; row++) {
          for (let column = from[0]; column < to[0]; column++) {
            const [px, py] = [column + 0.5 - ax, row + 0.5 - ay];
            const t = length ? clamp((px * (bx - ax) + py * (by - ay)) / length, 0, 1) : 0;
            const distance = Math.hypot(px - t * (bx - ax), py - t * (by - ay)) / pixel;
            const at = row * side + column;
            image[at] = Math.max(image[at], clamp(1.7 - distance, 0, 1));
          }
        }
      });
    }
  };
  draw();
  const mass = image.reduce((a, b) => a + b, 0);
  const centre = [0, 0];
  image.forEach((v, at) => {
    centre[0] += (v / mass) * ((at % side) + 0.5);
    centre[1] += (v / mass) * (Math.floor(at / side) + 0.5);
  });
  shift = shift.map((s, i) => s + side / 2 - centre[i]);
  draw();
  return image;
}

/** On the straight line from a to b, or along the shell: latent_space.interpolate, one point of it. */
export function onTheWay(a, b, t, alongTheShell) {
  const [r, s] = [a, b].map((end) => Math.hypot(...end));
  const cosine = clamp(a.reduce((sum, v, h) => sum + v * b[h], 0) / (r * s), -1, 1);
  const angle = Math.acos(cosine);
  if (!alongTheShell || !(Math.sin(angle) > 1e-6)) return a.map((v, h) => (1 - t) * v + t * b[h]);
  const length = (1 - t) * r + t * s;
  const [from, to] = [Math.sin((1 - t) * angle) / r, Math.sin(t * angle) / s].map((w) => (length * w) / Math.sin(angle));
  return a.map((v, h) => from * v + to * b[h]);
}

// ---------------------------------------------------------------- the page

/** A number with a minus sign; what rounds to zero has none. */
const fixed = (number, digits) => number.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", "\u2212");
const vector = (numbers, digits) => `(${numbers.map((v) => fixed(v, digits)).join(", ")})`;

/** Paint values in [0, 1], pixel by pixel, at a place of the canvas: one channel as dark ink on white, three as colours. */
function paint(canvas, image, [channels, rows, columns], left = 0, top = 0) {
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(columns, rows);
  const n = rows * columns;
  for (let d = 0, at = 0; d < n; d++) {
    for (let c = 0; c < 3; c++) {
      const value = clamp(image[channels === 3 ? c * n + d : d], 0, 1);
      pixels.data[at++] = Math.round(255 * (channels === 3 ? value : 1 - value));
    }
    pixels.data[at++] = 255;
  }
  context.putImageData(pixels, left, top);
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** What the figure's HTML, made by markup.py, is filled in by. The small figure lacks the numbers and the strip. */
function find(root) {
  const one = (which) => root.querySelector(which);
  const all = (which) => [...root.querySelectorAll(which)];
  const slider = (row) => row && { input: row.querySelector("input"), output: row.querySelector("output") };
  const values = Object.fromEntries(all("tr").map((row) => [row.className, row.querySelector("td")]));
  return {
    root, values,
    plane: one(".plane"), grounds: all("[type=radio]"), axes: all("select"), latents: all(".latents .slider").map(slider),
    input: one(".input"), sheet: one(".input .sheet"), pad: one(".pad"), shown: one(".input .image"), decoded: one(".decoded"),
    home: one(".home"), sample: one(".sample"), pick: slider(one(".facts .slider")), nearest: one(".nearest"), discard: one(".discard"),
    next: one(".next"), way: one(".way"),
    note: one(".said"), strip: one(".strip"), ends: all(".end"), live: one(".live"),
  }; // prettier-ignore
}

let nameless = 0; // the radio buttons of two explorers on a page do not belong together

function render({ model, el }) {
  const encode = loadNetwork(model.get("encoder"));
  const decode = loadNetwork(model.get("decoder"));
  const likelihood = model.get("likelihood");
  const labels = model.get("labels");
  const extent = model.get("extent");
  const shape = model.get("shape");
  const [channels, rows, columns] = shape;
  const drawable = channels === 1 && rows === columns;
  const H = model.get("z").length;
  const packed = model.get("points");
  const points = labels.map((_, n) => Array.from({ length: H }, (_, h) => packed.getFloat32(4 * (n * H + h), true)));
  const colours = new Map([...new Set(labels)].sort().map((label, n) => [label, model.get("colours")[n % 10]]));
  const decodeImage = (z) => meanImage(likelihood, decode(z));
  const chance = normals(2);

  el.innerHTML = model.get("_markup");
  const ui = find(el.firstElementChild);
  ui.root.classList.toggle("coloured", channels === 3);
  const group = `latent-ground-${nameless++}`;
  for (const radio of ui.grounds) radio.name = group;
  const axes = [...(model.get("axes") ?? [0, 1])]; // stored figures may lack them
  ui.axes.forEach((select, n) => (select.value = String(axes[n])));
  const far = points.reduce((best, p, n) => (distance(p, points[0]) > distance(points[best], points[0]) ? n : best), 0);
  const ends = [points[0], points[far]];
  let z = [...model.get("z")];
  let x = Float32Array.from(model.get("x"));
  let selected = model.get("selected");
  let last = selected ?? 0; // the test image that a discarded drawing gives way to
  let q = posterior(encode, x);
  let terms = null;
  let strokes = [];
  let images = null; // the test images, bytes, once they are inflated
  let waiting = null; // a choice that came before them
  let draws = []; // of z, from q
  let painted = null; // the x that its canvas shows

  function distance(a, b) {
    return Math.hypot(...a.map((v, h) => v - b[h]));
  }

  // ---------------------------------------------------------------- to and from Python
  // Changes are collected, then set and saved together: see explorers/base.py.
  const pending = new Map();
  let saving = 0;
  let held = false; // a hand is on the marker, a slider or the sheet
  const rounded = (numbers) => Array.from(numbers, (v) => Math.round(1e4 * v) / 1e4);
  function flush() {
    clearTimeout(saving);
    saving = 0;
    for (const [name, value] of pending) model.set(name, value);
    pending.clear();
    model.save_changes();
  }
  function commit(changes) {
    for (const [name, value] of Object.entries(changes)) pending.set(name, value);
    saving ||= setTimeout(flush, 50);
  }
  const close = (a, b) => a.length === b.length && Array.prototype.every.call(a, (v, i) => Math.abs(v - b[i]) < 1e-3);
  const unless = (name, action) => () => {
    if (!held && !pending.has(name)) action(model.get(name));
  };
  const heard = {
    "change:selected": unless("selected", (n) => {
      if (n === selected) return;
      if (n !== null) choose(n, false);
      else selected = n; // x comes in a message of its own
      redraw();
    }),
    "change:x": unless("x", (image) => {
      if (!close(image, x)) show(Float32Array.from(image), model.get("selected"), false);
    }),
    "change:z": unless("z", (point) => {
      if (!close(point, z)) moveTo(point, false);
    }),
  };

  // ---------------------------------------------------------------- what a reader does
  /** Light up a part of the model, and what follows from it. */
  function light(part) {
    for (const node of ui.way?.querySelectorAll("g:not(.arrow)") ?? []) {
      const name = node.classList[0];
      node.classList.toggle("touched", name === part);
      node.classList.toggle("lit", FOLLOWS[part].includes(name));
    }
  }

  function moveTo(point, save = true, part = "z") {
    light(part);
    z = [...point];
    if (save) commit({ z: rounded(z) });
    redraw();
  }

  /** Encode a new x and put the marker at the mean of q. `n` is its place among the test images, or null. */
  function show(image, n, save = true) {
    waiting = null;
    light("x");
    x = image;
    selected = n;
    if (n !== null) [strokes, last] = [[], n];
    q = posterior(encode, x);
    z = [...q.mu];
    terms = null;
    draws = [];
    if (save) saveImage();
    redraw();
  }

  function saveImage() {
    commit({ x: rounded(x), selected, z: rounded(z) });
  }

  function choose(n, save = true) {
    const bytes = images?.subarray(n * x.length, (n + 1) * x.length);
    if (bytes) show(Float32Array.from(bytes, (v) => v / 255), n, save);
    else waiting = [n, save];
  }

  // ---------------------------------------------------------------- pictures
  let frame = 0;
  function redraw() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  }

  // The plane in CSS pixels: a square of `span`, with room for the scales to its left and below.
  const LEFT = 22;
  let [size, ratio, span] = [0, 1, 0];
  const right = (a) => LEFT + (span * (a + extent)) / (2 * extent);
  const down = (b) => 1 + (span * (extent - b)) / (2 * extent);
  const place = (point) => {
    const [a, b] = axes.map((h) => clamp(point[h], -extent, extent));
    return [right(a), down(b)];
  };

  function measure() {
    if (!ui.plane.clientWidth) return;
    size = ui.plane.clientWidth;
    ratio = window.devicePixelRatio || 1;
    span = size - LEFT - 1;
    for (const canvas of [ui.plane, backdrop]) {
      canvas.width = Math.round(size * ratio);
      canvas.height = Math.round((span + 20) * ratio);
    }
    ui.pad.width = ui.pad.height = Math.round(ui.pad.clientWidth * ratio);
    backdropOf = "";
    draw();
  }

  // What stays while the marker moves is drawn once.
  const backdrop = document.createElement("canvas");
  let backdropOf = "";
  function drawBackdrop() {
    const decoded = ui.grounds[1]?.checked;
    const others = decoded ? z.filter((_, h) => !axes.includes(h)) : [];
    const of = [size, ratio, axes, decoded, others].join(" ");
    if (of === backdropOf) return;
    backdropOf = of;
    const pen = backdrop.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, size, size);
    if (decoded) drawImages(pen);
    else drawPoints(pen);
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, 1, span, span);
    pen.clip();
    for (const share of [0.5, 0.99]) {
      const radius = (Math.sqrt(-2 * Math.log(1 - share)) * span) / (2 * extent);
      for (const [colour, width] of [["#fff", decoded ? 3 : 0], ["#55616d", 1.2]]) {
        if (!width) continue;
        pen.beginPath();
        pen.arc(right(0), down(0), radius, 0, 2 * Math.PI);
        pen.setLineDash(colour === "#fff" ? [] : [5, 4]);
        pen.strokeStyle = colour;
        pen.lineWidth = width;
        pen.stroke();
      }
    }
    pen.restore();
    pen.lineWidth = 1;
    pen.strokeStyle = "#8a949e";
    pen.strokeRect(LEFT + 0.5, 1.5, span - 1, span - 1);
    drawScales(pen);
  }

  function drawPoints(pen) {
    pen.font = `600 ${clamp(size / 32, 11, 12)}px system-ui, sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    points.forEach((point, n) => {
      pen.fillStyle = colours.get(labels[n]);
      pen.fillText(labels[n].slice(0, 2), ...place(point));
    });
  }

  /** The decoder's images at the middles of a grid's squares. */
  function drawImages(pen) {
    const n = 16;
    const tile = document.createElement("canvas");
    [tile.width, tile.height] = [columns, rows];
    const step = span / n;
    for (let row = 0; row < n; row++) {
      for (let column = 0; column < n; column++) {
        const point = [...z];
        point[axes[0]] = extent * ((2 * column + 1) / n - 1);
        point[axes[1]] = extent * (1 - (2 * row + 1) / n);
        paint(tile, decodeImage(point), shape);
        const [wide, high] = [Math.min(1, columns / rows), Math.min(1, rows / columns)].map((part) => part * step);
        pen.drawImage(tile, LEFT + column * step + (step - wide) / 2, 1 + row * step + (step - high) / 2, wide, high);
      }
    }
  }

  function drawScales(pen) {
    pen.fillStyle = INK;
    pen.font = "11px system-ui, sans-serif";
    const step = extent > 6 ? 2 : 1;
    const last = step * Math.floor((extent * (1 - 44 / span)) / step); // the ends are for the names
    for (let tick = -last; tick <= last; tick += step) {
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      pen.fillText(fixed(tick, 0), LEFT - 5, down(tick));
      pen.textAlign = "center";
      pen.textBaseline = "top";
      pen.fillText(fixed(tick, 0), right(tick), span + 6);
    }
    for (const [axis, left, top] of [[axes[0], LEFT + span - 12, span + 5], [axes[1], 8, 3]]) {
      pen.font = "italic 600 13px Georgia, serif";
      pen.fillText("z", left, top);
      // not every font has lowered digits
      pen.font = "600 11px system-ui, sans-serif";
      pen.fillText(String(axis + 1), left + 7, top + 5);
    }
  }

  function drawEnds(pen) {
    const [a, b] = ends.map(place);
    for (const [colour, width] of [["#fff", 4], [INK, 1.2]]) {
      pen.beginPath();
      pen.moveTo(...a);
      pen.lineTo(...b);
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.stroke();
    }
    pen.font = "700 11px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (const [name, [left, top]] of [["A", a], ["B", b]]) {
      pen.beginPath();
      pen.arc(left, top, 8, 0, 2 * Math.PI);
      pen.fillStyle = "#fff";
      pen.fill();
      pen.stroke();
      pen.fillStyle = INK;
      pen.fillText(name, left, top + 0.5);
    }
  }

  function drawEllipse(pen, [left, top], zoom) {
    const [a, b] = axes.map((h) => (2 * q.sigma[h] * zoom * span) / (2 * extent));
    pen.beginPath();
    pen.ellipse(left, top, a, b, 0, 0, 2 * Math.PI);
    pen.fillStyle = "#2c6fbb33";
    pen.fill();
    pen.lineWidth = 1.6;
    pen.strokeStyle = "#0b4f9c";
    pen.stroke();
    pen.beginPath();
    for (const sign of [-1, 1]) {
      pen.moveTo(left - 3.5, top - 3.5 * sign);
      pen.lineTo(left + 3.5, top + 3.5 * sign);
    }
    pen.stroke();
  }

  function drawDot(pen, left, top, radius) {
    pen.beginPath();
    pen.arc(left, top, radius, 0, 2 * Math.PI);
    pen.fillStyle = MARKER;
    pen.fill();
  }

  /** The posterior where it is, and again in a lens in a corner, large enough to be seen. */
  function drawPosterior(pen) {
    const centre = place(q.mu);
    drawEllipse(pen, centre, 1);
    const radius = clamp(size / 8, 38, 50);
    const widest = (2 * Math.max(...axes.map((h) => q.sigma[h])) * span) / (2 * extent);
    const zoom = (0.6 * radius) / widest;
    if (zoom < 2) return;
    // in the nearer of the upper corners, where the prior has next to nothing to show
    const corners = [LEFT + radius + 5, LEFT + span - radius - 5].map((left) => [left, radius + 6]);
    corners.sort((a, b) => distance(a, centre) - distance(b, centre));
    const lens = corners.find((corner) => distance(corner, centre) > radius + 25);
    if (!lens) return;
    const [dx, dy] = [lens[0] - centre[0], lens[1] - centre[1]];
    const reach = Math.hypot(dx, dy);
    pen.lineWidth = 1;
    pen.strokeStyle = "#0b4f9c";
    pen.beginPath();
    pen.moveTo(centre[0] + (dx / reach) * Math.max(6, widest), centre[1] + (dy / reach) * Math.max(6, widest));
    pen.lineTo(lens[0] - (dx / reach) * radius, lens[1] - (dy / reach) * radius);
    pen.stroke();
    pen.save();
    pen.beginPath();
    pen.arc(...lens, radius, 0, 2 * Math.PI);
    pen.fillStyle = "#fff";
    pen.fill();
    pen.stroke();
    pen.clip();
    drawEllipse(pen, lens, zoom);
    const unit = (zoom * span) / (2 * extent);
    for (const point of draws) {
      const [a, b] = axes.map((h) => point[h] - q.mu[h]);
      drawDot(pen, lens[0] + a * unit, lens[1] - b * unit, 1.8);
    }
    const [a, b] = axes.map((h) => z[h] - q.mu[h]);
    drawMarker(pen, [lens[0] + a * unit, lens[1] - b * unit], 5);
    pen.font = "600 11px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "alphabetic";
    pen.fillStyle = INK;
    pen.fillText(`\u00d7${Math.round(zoom)}`, lens[0], lens[1] + radius - 5);
    pen.restore();
  }

  function drawMarker(pen, [left, top], radius) {
    for (const [colour, width] of [["#fff", 5], [MARKER, 2.5]]) {
      pen.beginPath();
      pen.arc(left, top, radius, 0, 2 * Math.PI);
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.stroke();
    }
  }

  function drawPlane() {
    drawBackdrop();
    const pen = ui.plane.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.drawImage(backdrop, 0, 0);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (ui.strip) drawEnds(pen);
    drawPosterior(pen);
    drawMarker(pen, place(z), 8);
    drawDot(pen, ...place(z), 2);
  }

  function drawPad() {
    const drawing = strokes.length > 0;
    ui.input.classList.toggle("drawing", drawing);
    ui.discard.disabled = !drawing;
    if (!drawing) return;
    const pen = ui.pad.getContext("2d");
    const unit = ui.pad.width;
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, unit, unit);
    pen.strokeStyle = INK;
    pen.lineWidth = unit / 14;
    pen.lineCap = pen.lineJoin = "round";
    for (const stroke of strokes) {
      pen.beginPath();
      pen.moveTo(stroke[0][0] * unit, stroke[0][1] * unit);
      for (const [left, top] of stroke) pen.lineTo(left * unit, top * unit);
      pen.stroke();
    }
  }

  let stripOf = "";
  function drawStrip() {
    const of = ends.join(" ");
    if (!ui.strip || of === stripOf) return;
    stripOf = of;
    const pen = ui.strip.getContext("2d");
    pen.clearRect(0, 0, ui.strip.width, ui.strip.height);
    for (let row = 0; row * rows < ui.strip.height; row++) {
      for (let n = 0; n < N_STEPS; n++) {
        const point = onTheWay(...ends, n / (N_STEPS - 1), row === 1);
        paint(ui.strip, decodeImage(point), shape, n * (columns + 2), row * (rows + 2));
      }
    }
    const [a, b] = ends.map((end) => vector(end, 1));
    const way = { count: N_STEPS, a, b };
    const line = ui.strip.height > rows
      ? say("{count} decoded images on the line from A {a} to B {b}, and below along the shell", way)
      : say("{count} decoded images on the line from A {a} to B {b}", way);
    ui.strip.setAttribute("aria-label", line);
  }

  function write() {
    const test = { number: selected + 1, label: labels[selected] };
    const name = selected === null
      ? say("your image", {})
      : colours.size > 1 ? say("test image {number}, class {label}", test) : say("test image {number}", test);
    ui.shown.setAttribute("aria-label", `x, ${name}`);
    ui.decoded.setAttribute("aria-label", say("decoder of z = {z}", { z: vector(z, 2) }));
    ui.latents.forEach(({ input, output }, h) => {
      input.value = String(z[h]);
      input.setAttribute("aria-valuetext", fixed(z[h], 2));
      output.textContent = fixed(z[h], 2);
    });
    if (!terms) return;
    if (selected !== null) ui.pick.input.value = String(selected);
    ui.pick.input.setAttribute("aria-valuetext", name);
    ui.pick.output.textContent = selected === null ? "\u2014" : colours.size > 1
      ? labels[selected].length > 2 ? `${selected + 1}, ${labels[selected]}` : say("{number}, a {label}", test)
      : `${selected + 1}`;
    ui.values.reconstruction.textContent = `${fixed(terms.reconstruction, 1)} \u00b1 ${fixed(terms.error, 1)}`;
    ui.values.kl.textContent = fixed(terms.kl, 1);
    ui.values.elbo.textContent = `${fixed(terms.elbo, 1)} \u00b1 ${fixed(terms.error, 1)}`;
    const sigma = axes.map((h) => q.sigma[h]);
    const narrow = 1 / Math.max(...sigma);
    const note = { draws: N_DRAWS, sigma: vector(sigma, 2), times: Math.floor(narrow) };
    ui.note.textContent = narrow > 2
      ? say("E over {draws} draws of z, \u00b1 one standard error. \u03c3 = {sigma}: q is at least {times} times narrower than the prior, since a step of \u03c3 changes the picture. The lens enlarges it.", note)
      : say("E over {draws} draws of z, \u00b1 one standard error. \u03c3 = {sigma}.", note);
  }

  function draw() {
    if (!size) return;
    const output = decode(z);
    paint(ui.decoded, meanImage(likelihood, output), shape);
    if (painted !== x) paint(ui.shown, (painted = x), shape);
    if (ui.values.here) {
      terms ??= elboTerms(decode, likelihood, x, q);
      ui.values.here.textContent = fixed(logLikelihood(likelihood, x, output), 1);
    }
    drawPlane();
    drawPad();
    drawStrip();
    write();
    announceSoon();
  }

  // A screen reader hears the state when it has come to rest, and only of what has the focus.
  let resting = 0;
  function announceSoon() {
    clearTimeout(resting);
    if (!ui.root.contains(document.activeElement)) return;
    resting = setTimeout(() => {
      const told = { z: vector(z, 2), here: ui.values.here?.textContent, elbo: terms && fixed(terms.elbo, 1) };
      ui.live.textContent = terms
        ? say("z is {z}. log p of x given z: {here} nats. ELBO of x: {elbo} nats.", told)
        : say("z is {z}.", told);
    }, 700);
  }

  // ---------------------------------------------------------------- hands and keys
  const at = (event) => {
    const box = ui.plane.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  // A plane that takes every touch leaves room beside it for a finger that scrolls: see latent.css.
  const takesTouches = () => getComputedStyle(ui.plane).touchAction === "none";
  const onMarker = (event) => takesTouches() || distance(at(event), place(z)) < 32;
  function drag(event) {
    const [left, top] = at(event);
    const point = [...z];
    point[axes[0]] = clamp((2 * extent * (left - LEFT)) / span - extent, -extent, extent);
    point[axes[1]] = clamp(extent - (2 * extent * (top - 1)) / span, -extent, extent);
    moveTo(point);
  }
  // A finger on the marker drags it; anywhere else it scrolls the page, and a tap moves the marker.
  ui.plane.addEventListener(
    "touchstart",
    (event) => {
      if (onMarker(event.touches[0])) event.preventDefault();
    },
    { passive: false },
  );
  ui.plane.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || (event.pointerType === "touch" && !onMarker(event))) return;
    held = true;
    ui.plane.setPointerCapture(event.pointerId);
    drag(event);
  });
  ui.plane.addEventListener("pointermove", (event) => {
    if (held) drag(event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    ui.plane.addEventListener(end, () => {
      held = false;
    });
  }
  ui.plane.addEventListener("click", drag);
  ui.plane.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 0.5 : 0.1;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const move = moves[event.key];
    if (event.key === "Home") moveTo(q.mu, true, "mu");
    else if (move) moveTo(z.map((v, h) => (axes.includes(h) ? clamp(v + move[axes.indexOf(h)], -extent, extent) : v)));
    else return;
    event.preventDefault();
  });

  ui.latents.forEach(({ input }, h) => {
    input.addEventListener("pointerdown", () => {
      held = true;
    });
    input.addEventListener("input", () => moveTo(z.map((v, k) => (k === h ? Number(input.value) : v))));
    input.addEventListener("change", () => {
      held = false;
    });
  });
  ui.pick?.input.addEventListener("input", () => choose(Number(ui.pick.input.value)));
  ui.nearest?.addEventListener("click", () =>
    choose(points.reduce((best, p, n) => (distance(p, z) < distance(points[best], z) ? n : best), 0)),
  );
  ui.discard.addEventListener("click", () => choose(last));
  ui.next?.addEventListener("click", () => choose((last + 1) % labels.length));
  ui.home?.addEventListener("click", () => moveTo(q.mu, true, "mu"));
  ui.sample?.addEventListener("click", () => {
    const point = q.mu.map((m, h) => m + q.sigma[h] * chance());
    draws.push(point);
    moveTo(point, true, "epsilon");
  });
  ui.ends.forEach((end, n) =>
    end.addEventListener("click", () => {
      ends[n] = [...z];
      redraw();
    }),
  );
  for (const radio of ui.grounds) radio.addEventListener("change", redraw);
  ui.axes.forEach((select, n) =>
    select.addEventListener("change", () => {
      const chosen = Number(select.value);
      if (axes[1 - n] === chosen) axes[1 - n] = axes[n]; // the two change places
      axes[n] = chosen;
      ui.axes.forEach((other, k) => (other.value = String(axes[k])));
      redraw();
    }),
  );

  let drawing = false;
  function addPoint(event) {
    const box = ui.sheet.getBoundingClientRect();
    const point = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    strokes.at(-1).push(point.map((c) => clamp(c, 0, 1)));
    show(rasterize(strokes, rows), null, false);
  }
  ui.sheet.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !drawable) return;
    event.preventDefault();
    drawing = held = true;
    ui.sheet.setPointerCapture(event.pointerId);
    strokes.push([]);
    addPoint(event);
  });
  ui.sheet.addEventListener("pointermove", (event) => {
    if (drawing) addPoint(event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    ui.sheet.addEventListener(end, () => {
      if (drawing) saveImage();
      drawing = held = false;
    });
  }

  // ---------------------------------------------------------------- life and death
  const resized = new ResizeObserver(measure);
  resized.observe(ui.plane);
  for (const [name, action] of Object.entries(heard)) model.on(name, action);
  inflate(model.get("images")).then((bytes) => {
    images = bytes;
    if (waiting) choose(...waiting);
  });
  return () => {
    resized.disconnect();
    cancelAnimationFrame(frame);
    clearTimeout(resting);
    if (saving) flush();
    for (const [name, action] of Object.entries(heard)) model.off(name, action);
    ui.root.remove();
  };
}

export default { render };
