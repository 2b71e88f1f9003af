// A figure of formulas. Every formula was printed by SymPy; this file draws and listens.

const SVG = "http://www.w3.org/2000/svg";
const DASHES = { "-": "none", "--": "8 5", ":": "2 4.5", "-.": "10 4 2 4" };
const POINTS = 240; // of a curve
const CELLS = [64, 48]; // of a contour plot

// A formula as a function of a scope and a list of places.
export function compile(code, names, variable = "$") {
  const body = `"use strict"; const { ${names.join(", ")} } = $scope;
    return $places.map((${variable}) => ${code});`;
  return new Function("$scope", "$places", body);
}

/** Where f is smallest, downhill from a place: Nelder and Mead (1965). */
export function minimum(f, start) {
  const n = start.length;
  const corners = [start, ...start.map((_, i) => start.map((v, k) => v + (k === i ? 0.2 : 0)))].map((at) => ({ at, y: f(at) }));
  const beyond = (centre, from, share) => {
    const at = centre.map((c, i) => c + share * (c - from[i]));
    return { at, y: f(at) };
  };
  for (let turn = 0; turn < 400; turn += 1) {
    corners.sort((a, b) => a.y - b.y);
    const [best, worst] = [corners[0], corners[n]];
    const wide = Math.max(...corners.flatMap(({ at }) => at.map((v, i) => Math.abs(v - best.at[i]))));
    if (wide < 1e-6 && worst.y - best.y < 1e-9) break;
    const centre = start.map((_, i) => corners.slice(0, n).reduce((sum, { at }) => sum + at[i] / n, 0));
    const there = beyond(centre, worst.at, 1);
    if (there.y < best.y) {
      const further = beyond(centre, worst.at, 2);
      corners[n] = further.y < there.y ? further : there;
    } else if (there.y < corners[n - 1].y) {
      corners[n] = there;
    } else {
      const nearer = beyond(centre, worst.at, there.y < worst.y ? 0.5 : -0.5);
      if (nearer.y < Math.min(there.y, worst.y)) corners[n] = nearer;
      else {
        for (let i = 1; i <= n; i += 1) {
          const at = corners[i].at.map((v, k) => (v + best.at[k]) / 2);
          corners[i] = { at, y: f(at) };
        }
      }
    }
  }
  return corners[0].at;
}

/** The places that gradient descent passes, the first and the last included. */
export function descend(slopes, start, rate, steps) {
  const way = [start];
  for (let step = 0; step < steps; step += 1) {
    const slope = slopes(way[step]);
    way.push(way[step].map((v, i) => v - rate * slope[i]));
  }
  return way;
}

/** The abbreviations of a figure, as a function that enters them into a scope. */
export function abbreviations(where, names) {
  const enter = where.map((entry) => {
    const [name] = entry.names;
    if (entry.kind === "table") {
      const f = compile(entry.code, names, entry.variable);
      return (scope) => (scope[name] = f(scope, entry.places));
    }
    const all = (codes) => {
      const f = compile(`[${codes.join(", ")}]`, names);
      return (scope) => f(scope, [0])[0];
    };
    const put = (scope, values) => values.forEach((value, i) => (scope[entry.names[i]] = value));
    if (entry.kind === "number") {
      const f = all([entry.code]);
      return (scope) => put(scope, f(scope));
    }
    const start = all(entry.start);
    if (entry.kind === "descent") {
      const slopes = all(entry.slopes);
      return (scope) => {
        const way = descend((at) => (put(scope, at), slopes(scope)), start(scope), entry.rate, entry.steps);
        const end = way.at(-1);
        put(scope, [...end, ...end.map((_, i) => way.map((place) => place[i]))]);
      };
    }
    const f = all([entry.code]);
    return (scope) => {
      const height = (at) => (put(scope, at), f(scope)[0]);
      put(scope, minimum(height, start(scope)));
    };
  });
  return (scope) => {
    for (const f of enter) f(scope);
    return scope;
  };
}

export function places({ low, high, log, integer }, count = POINTS) {
  const at = (share) => (log ? low * (high / low) ** share : low + (high - low) * share);
  const all = Array.from({ length: count }, (_, i) => at(i / (count - 1)));
  return integer ? [...new Set(all.map(Math.round))] : all;
}

function snap(slider, value) {
  const inside = Math.min(Math.max(value, slider.low), slider.high);
  const steps = Math.round((inside - slider.low) / slider.step);
  return Number(Math.min(slider.low + steps * slider.step, slider.high).toFixed(slider.decimals));
}

// Shipped numbers; the copy is aligned, which what the kernel sent need not be.
const numbers = ({ buffer, byteOffset, byteLength }) => new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength));

const written = (value, digits) =>
  Number.isFinite(value)
    ? value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace(/^-(?=[0.]*$)/, "").replace("-", "−")
    : value > 0 ? "∞" : value < 0 ? "−∞" : "undefined";

function element(parent, tag, attributes = {}, text) {
  const isSvg = parent instanceof SVGElement || tag === "svg";
  const node = isSvg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

const color = (layer) => (layer.color < 0 ? "currentColor" : `var(--c${layer.color})`);

// Round numbers of an axis, about one for every `gap` pixels.
function ticksOf(axis, length, gap) {
  if (axis.ticks?.length) return axis.ticks;
  if (axis.log) {
    const found = [];
    for (let power = Math.floor(Math.log10(axis.low)); 10 ** power <= axis.high; power += 1) {
      for (const digit of Math.log10(axis.high / axis.low) > 2.5 ? [1] : [1, 2, 5]) found.push(digit * 10 ** power);
    }
    return found.filter((v) => v >= axis.low * 0.999 && v <= axis.high * 1.001).map((v) => [v, v.toLocaleString("en")]);
  }
  const rough = (axis.high - axis.low) / Math.max(2, length / gap);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((digit) => digit * power >= rough * 0.999);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(axis.low / step - 1e-9);
  const last = Math.floor(axis.high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => [(first + i) * step, written((first + i) * step, digits)]);
}

function scale(axis, from, to) {
  const f = axis.log ? Math.log : (value) => value;
  const [low, high] = [f(axis.low), f(axis.high)];
  const map = (value) => Math.min(Math.max(from + ((f(value) - low) / (high - low)) * (to - from), -5000), 5000);
  const invert = (pixel) => {
    const value = low + ((pixel - from) / (to - from)) * (high - low);
    return axis.log ? Math.exp(value) : value;
  };
  return { map, invert };
}

function line(points) {
  let path = "";
  let pen = "M";
  for (const [x, y] of points) {
    if (Number.isFinite(x) && Number.isFinite(y)) {
      path += `${pen}${x.toFixed(2)} ${y.toFixed(2)}`;
      pen = "L";
    } else pen = "M";
  }
  return path;
}

// Marching squares: the segments where a grid of heights crosses a level.
function contour(heights, xs, ys, level) {
  const segments = [];
  const cross = (a, b, from, to) => from + ((level - a) / (b - a)) * (to - from);
  for (let j = 0; j + 1 < ys.length; j += 1) {
    for (let i = 0; i + 1 < xs.length; i += 1) {
      const [a, b, c, d] = [heights[j][i], heights[j][i + 1], heights[j + 1][i + 1], heights[j + 1][i]];
      const hits = [];
      if (a > level !== b > level) hits.push([cross(a, b, xs[i], xs[i + 1]), ys[j]]);
      if (b > level !== c > level) hits.push([xs[i + 1], cross(b, c, ys[j], ys[j + 1])]);
      if (c > level !== d > level) hits.push([cross(d, c, xs[i], xs[i + 1]), ys[j + 1]]);
      if (d > level !== a > level) hits.push([xs[i], cross(a, d, ys[j], ys[j + 1])]);
      for (let k = 0; k + 1 < hits.length; k += 2) segments.push([hits[k], hits[k + 1]]);
    }
  }
  return segments;
}

// Each kind of layer: make its elements, and return how to draw them in a scope.
const LAYERS = {
  curve(panel, layer) {
    const y = panel.compile(layer.y);
    const area = layer.fill && element(panel.plot, "path", { fill: color(layer), class: "area", ...panel.above });
    const stroke = element(panel.plot, "path", { stroke: color(layer), class: "curve", "stroke-dasharray": DASHES[layer.line], ...panel.above });
    return (scope) => {
      const xs = panel.placesUpTo(scope[layer.upto]);
      const points = y(scope, xs).map((value, i) => [panel.x.map(xs[i]), panel.y.map(value)]);
      stroke.setAttribute("d", line(points));
      if (!area || points.length === 0) return;
      const ground = panel.y.map(Math.max(panel.spec.y.low, 0));
      area.setAttribute("d", `${line([[points[0][0], ground], ...points, [points.at(-1)[0], ground]])}Z`);
    };
  },
  band(panel, layer) {
    const [low, high] = [panel.compile(layer.low), panel.compile(layer.high)];
    const area = element(panel.plot, "path", { fill: color(layer), class: "area", ...panel.above });
    return (scope) => {
      const xs = panel.placesUpTo(scope[layer.upto]);
      const edge = (f) => f(scope, xs).map((value, i) => [panel.x.map(xs[i]), panel.y.map(value)]);
      const outline = [...edge(low), ...edge(high).reverse()].filter((point) => point.every(Number.isFinite));
      area.setAttribute("d", outline.length ? `${line(outline)}Z` : "");
    };
  },
  trace(panel, layer) {
    const [x, y] = [layer.x, layer.y].map((code) => compile(code, panel.names, layer.t.name));
    const ts = places(layer.t, 160);
    const style = `stroke-width: ${layer.width}px; stroke-linecap: round`;
    const stroke = element(panel.plot, "path", { stroke: color(layer), class: "curve", style, "stroke-dasharray": DASHES[layer.line], ...panel.above });
    return (scope) => {
      const [xs, ys] = [x(scope, ts), y(scope, ts)];
      stroke.setAttribute("d", line(xs.map((value, i) => [panel.x.map(value), panel.y.map(ys[i])])));
    };
  },
  dots(panel, layer) {
    const stems = layer.stems && panel.compile(layer.stems);
    const lines = stems && element(panel.plot, "path", { stroke: color(layer), class: "stems" });
    const marks = element(panel.plot, "path", { stroke: color(layer), class: "dots", "stroke-width": layer.size });
    return (scope) => {
      const xs = layer.x.slice(0, scope[layer.upto]);
      const y = (i) => panel.y.map(layer.y ? layer.y[i] : 0);
      marks.setAttribute("d", xs.map((x, i) => `M${panel.x.map(x).toFixed(1)} ${y(i).toFixed(1)}h0`).join(""));
      const tops = stems ? stems(scope, xs) : [];
      lines?.setAttribute("d", tops.map((top, i) => `M${panel.x.map(xs[i]).toFixed(1)} ${y(i).toFixed(1)}V${panel.y.map(top).toFixed(1)}`).join(""));
    };
  },
  dot(panel, layer) {
    const [x, y] = [layer.x, layer.y].map((code) => compile(code, panel.names));
    const group = element(panel.front, "g", { style: `color: ${color(layer)}` });
    if (layer.marker === "x") element(group, "path", { d: "M-5-5L5 5M-5 5L5-5", class: "cross" });
    else element(group, "circle", { r: 6.5, class: "dot" });
    const handle = Object.keys(layer.drag).length && panel.makeDraggable(group, layer.drag);
    return (scope) => {
      const at = [panel.x.map(x(scope, [0])[0]), panel.y.map(y(scope, [0])[0])];
      if (handle) handle.at = at;
      group.setAttribute("transform", `translate(${at.map((pixel) => pixel.toFixed(1))})`);
    };
  },
  contours(panel, layer) {
    const { names, spec } = panel;
    const z = new Function("$scope", "$xs", "$ys", `"use strict"; const { ${names.join(", ")} } = $scope;
      return $ys.map((${spec.y.name}) => $xs.map((${spec.x.name}) => ${layer.z}));`);
    const [xs, ys] = [places(spec.x, CELLS[0]), places(spec.y, CELLS[1])];
    const lines = element(panel.plot, "g", { stroke: color(layer), class: "contours" });
    const labels = element(panel.plot, "g");
    let last;
    return (scope) => {
      // The surface itself moves only when a slider enters it.
      const state = JSON.stringify([panel.width, panel.height, layer.moves.map((name) => scope[name])]);
      if (state === last) return;
      last = state;
      lines.replaceChildren();
      labels.replaceChildren();
      const heights = z(scope, xs, ys);
      layer.levels.forEach((level, i) => {
        const segments = contour(heights, xs, ys, level).map((pair) => pair.map(([x, y]) => [panel.x.map(x), panel.y.map(y)]));
        const strength = 0.35 + (0.65 * (i + 1)) / layer.levels.length;
        element(lines, "path", { d: segments.map(line).join(""), opacity: strength });
        const free = segments.flat().filter(([x]) => x < panel.right - 24);
        if (!layer.names[i] || free.length === 0) return;
        const [x, y] = free.reduce((best, point) => (point[0] > best[0] ? point : best));
        element(labels, "text", { x, y: y + 4, class: "tick halo", "text-anchor": "middle" }, layer.names[i]);
      });
    };
  },
  bar(panel, layer) {
    const [low, high] = [layer.low, layer.high].map((code) => compile(code, panel.names));
    const bar = element(panel.plot, "rect", { fill: layer.hollow ? "none" : color(layer), stroke: color(layer), class: "bar" });
    const label = element(panel.front, "text", { class: "value halo", "text-anchor": "middle" });
    return (scope) => {
      const [from, to] = [low(scope, [0])[0], high(scope, [0])[0]];
      const [top, bottom] = [Math.max(from, to), Math.min(from, to)].map((v) => Math.min(Math.max(panel.y.map(v), panel.top - 2), panel.bottom + 2));
      const half = panel.x.map(layer.at + 0.32) - panel.x.map(layer.at);
      const attributes = { x: panel.x.map(layer.at) - half, width: 2 * half, y: top, height: Math.max(bottom - top, 0.5) };
      for (const [name, value] of Object.entries(attributes)) bar.setAttribute(name, value.toFixed(1));
      label.setAttribute("x", panel.x.map(layer.at).toFixed(1));
      const below = to < from ? bottom + 15 * panel.unit : top - 6;
      label.setAttribute("y", Math.min(Math.max(below, panel.top + 10 * panel.unit), panel.bottom - 5).toFixed(1));
      label.textContent = written(to - from, 2);
    };
  },
};

class Panel {
  constructor(figure, spec, box) {
    Object.assign(this, { figure, spec, names: figure.names });
    this.ends = [spec.y.low, spec.y.high].map((end) => compile(end, this.names));
    this.follow(figure.scope);
    this.legend(box.querySelectorAll(".swatch"));
    this.image = box.querySelector(":scope > svg");
    const id = `clip-${Math.random().toString(36).slice(2)}`;
    const defs = element(this.image, "defs");
    // A dot that lies on the axis is whole; a line or an area ends there.
    [this.clip, this.clipAbove] = [id, `${id}-above`].map((name) => element(element(defs, "clipPath", { id: name }), "rect"));
    this.above = { "clip-path": `url(#${id}-above)` };
    this.axes = element(this.image, "g", { class: "axes" });
    this.plot = element(this.image, "g", { "clip-path": `url(#${id})` });
    this.front = element(this.image, "g");
    this.handles = [];
    this.draws = spec.layers.map((layer) => LAYERS[layer.kind](this, layer));
  }

  compile(code) {
    return compile(code, this.names, this.spec.x.name);
  }

  placesUpTo(end) {
    return end === undefined ? this.xs : this.xs.filter((x) => x <= end);
  }

  legend(swatches) {
    this.spec.layers.filter((layer) => layer.label).forEach((layer, i) => {
      const swatch = swatches[i];
      const stroke = { stroke: color(layer), class: "curve", d: "M1 6H27", "stroke-dasharray": DASHES[layer.line] ?? "none" };
      if (layer.kind === "band" || layer.fill) element(swatch, "rect", { width: 28, height: 12, fill: color(layer), class: "area" });
      if (layer.kind === "curve" || layer.kind === "trace") element(swatch, "path", stroke);
      if (layer.kind === "dots") element(swatch, "path", { d: "M4 6h0M14 6h0M24 6h0", stroke: color(layer), class: "dots", "stroke-width": 5 });
      if (layer.kind === "dot") {
        const group = element(swatch, "g", { transform: "translate(14 6)", style: `color: ${color(layer)}` });
        if (layer.marker === "x") element(group, "path", { d: "M-4-4L4 4M-4 4L4-4", class: "cross" });
        else element(group, "circle", { r: 5, class: "dot" });
      }
    });
  }

  // The ends of the y axis may depend on the sliders. Have they moved?
  follow(scope) {
    const [low, high] = this.ends.map((end) => end(scope, [0])[0]);
    const { y } = this.spec;
    if (low === y.low && high === y.high) return false;
    this.spec = { ...this.spec, y: { ...y, low, high } };
    return true;
  }

  // The style sheet says how large the image is.
  layout() {
    const { spec } = this;
    const { width, height } = this.image.getBoundingClientRect();
    const unit = parseFloat(getComputedStyle(this.image).fontSize) / 15;
    if (width === 0 || (width === this.width && height === this.height && unit === this.unit)) return;
    Object.assign(this, { width, height, unit, right: width - 10, top: (spec.ylabel ? 22 : 10) * unit, bottom: height - 38 * unit });
    this.image.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.arrange();
  }

  // The text says how much of the image the axes need.
  arrange() {
    const { spec, unit, width, height } = this;
    this.axes.replaceChildren();
    const yTicks = ticksOf(spec.y, this.bottom - this.top, 42 * unit).map(([value, text]) => {
      return [value, element(this.axes, "text", { class: "tick", "text-anchor": "end" }, text)];
    });
    this.left = 14 + Math.max(...yTicks.map(([, label]) => label.getComputedTextLength()));
    this.x = scale(spec.x, this.left, this.right);
    this.y = scale(spec.y, this.bottom, this.top);
    this.xs = places(spec.x);
    const frame = { x: this.left, y: this.top - 4, width: this.right - this.left + 2, height: this.bottom - this.top + 8 };
    for (const [name, value] of Object.entries(frame)) {
      this.clip.setAttribute(name, value);
      this.clipAbove.setAttribute(name, name === "height" ? value - 3 : value);
    }
    for (const [value, label] of yTicks) {
      const y = this.y.map(value);
      label.setAttribute("x", this.left - 7);
      label.setAttribute("y", y + 4 * unit);
      element(this.axes, "path", { d: `M${this.left} ${y}H${this.right}`, class: Math.abs(value) < 1e-12 && spec.y.low < 0 ? "zero" : "grid" });
    }
    element(this.axes, "path", { d: `M${this.left} ${this.bottom}H${this.right}`, class: "axis" });
    const xTicks = ticksOf(spec.x, this.right - this.left, 64 * unit).map(([value, text]) => {
      const x = this.x.map(value);
      element(this.axes, "path", { d: `M${x} ${this.bottom}v5`, class: "axis" });
      return [x, element(this.axes, "text", { y: this.bottom + 18 * unit, class: "tick", "text-anchor": "middle" }, text)];
    });
    // All are measured, then all are placed: each look after a change lays out the page.
    const halves = xTicks.map(([, label]) => label.getComputedTextLength() / 2);
    xTicks.forEach(([x, label], i) => label.setAttribute("x", Math.min(x, width - halves[i])));
    element(this.axes, "text", { x: (this.left + this.right) / 2, y: height - 4 * unit, class: "label", "text-anchor": "middle" }, spec.x.label);
    if (spec.ylabel) element(this.axes, "text", { x: 2, y: 12 * unit, class: "label" }, spec.ylabel);
  }

  draw(scope) {
    if (this.follow(scope)) this.arrange();
    for (const draw of this.draws) draw(scope);
    this.image.setAttribute("aria-label", `${this.spec.title || this.spec.ylabel}: ${this.figure.summary}`);
  }

  // The sliders do the same by keyboard; the handle is for mouse and finger.
  makeDraggable(group, drag) {
    group.classList.add("handle");
    element(group, "circle", { r: 22, class: "grip" });
    const becomes = Object.entries(drag).map(([name, code]) => [name, compile(code, [...this.names, "pointer_x", "pointer_y"])]);
    const move = (event) => {
      const box = this.image.getBoundingClientRect();
      const held = { pointer_x: this.x.invert(event.clientX - box.left), pointer_y: this.y.invert(event.clientY - box.top) };
      const scope = { ...this.figure.scope, ...held };
      this.figure.change(Object.fromEntries(becomes.map(([name, f]) => [name, f(scope, [0])[0]])));
    };
    const grab = (event) => {
      event.preventDefault();
      group.setPointerCapture(event.pointerId);
      group.classList.add("held");
    };
    const handle = { group, grab, move };
    this.handles.push(handle);
    group.addEventListener("pointerdown", grab);
    // Chromium heeds `touch-action` on a whole SVG alone, and beside the grip a finger scrolls.
    group.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    for (const kind of ["pointermove", "pointerup"]) {
      group.addEventListener(kind, (event) => group.hasPointerCapture(event.pointerId) && move(event));
    }
    group.addEventListener("lostpointercapture", () => group.classList.remove("held"));
    if (this.handles.length > 1) return handle;
    // A mouse may also press anywhere in the panel, and the nearest point comes; a finger there scrolls the page.
    this.image.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button !== 0 || this.handles.some(({ group }) => group.contains(event.target))) return;
      const box = this.image.getBoundingClientRect();
      const away = ({ at }) => Math.hypot(event.clientX - box.left - at[0], event.clientY - box.top - at[1]);
      const nearest = this.handles.reduce((best, other) => (away(other) < away(best) ? other : best));
      nearest.grab(event);
      nearest.move(event);
    });
    return handle;
  }
}

class Figure {
  constructor(model, el) {
    this.model = model;
    this.spec = model.get("_figure");
    this.data = Object.fromEntries(Object.entries(model.get("_data")).map(([name, view]) => [name, numbers(view)]));
    this.values = { ...model.get("values") };
    const { sliders, where, panels, readouts } = this.spec;
    el.innerHTML = model.get("_markup");
    this.root = el.firstElementChild;
    const [boxes, outputs, rows] = [".panel", ".readout b", ".controls label"].map((which) => this.root.querySelectorAll(which));
    this.names = [...Object.keys(this.data), ...sliders.map(({ name }) => name), ...where.flatMap(({ names }) => names)];
    this.abbreviate = abbreviations(where, this.names);
    this.scope = this.abbreviate({ ...this.data, ...this.values });
    this.readouts = readouts.map((readout, i) => ({ ...readout, f: compile(readout.value, this.names), output: outputs[i] }));
    this.panels = panels.map((spec, i) => new Panel(this, spec, boxes[i]));
    this.controls = sliders.map((slider, i) => this.control(rows[i], slider));
    this.adopt = () => this.change(this.model.get("values"), false);
    model.on("change:values", this.adopt);
    this.observer = new ResizeObserver(() => this.layout());
    for (const panel of this.panels) this.observer.observe(panel.image);
    this.layout();
  }

  control(row, slider) {
    const input = row.querySelector("input");
    if (slider.kind === "switch") {
      input.addEventListener("change", () => this.change({ [slider.name]: input.checked ? slider.on : slider.off }));
      return { slider, show: (value) => (input.checked = value === slider.on) };
    }
    Object.assign(input, slider.log ? { min: 0, max: 200, step: 1 } : { min: slider.low, max: slider.high, step: slider.step });
    const output = row.querySelector(".number");
    const ratio = slider.high / slider.low;
    input.addEventListener("input", () => this.change({ [slider.name]: slider.log ? slider.low * ratio ** (input.value / 200) : input.valueAsNumber }));
    return {
      slider,
      show: (value) => {
        const number = slider.names[Math.round((value - slider.low) / slider.step)] ?? written(value, slider.decimals);
        const text = number + (slider.unit && ` ${slider.unit}`);
        const position = slider.log ? Math.round((200 * Math.log(value / slider.low)) / Math.log(ratio)) : value;
        if (document.activeElement !== input || !slider.log) input.value = position;
        output.textContent = text;
        input.setAttribute("aria-valuetext", `${text}; ${this.summary}`);
      },
    };
  }

  // The one way in, for sliders, the pointer and Python alike.
  change(values, ours = true) {
    let moved = false;
    for (const { slider } of this.controls) {
      if (!(slider.name in values)) continue;
      const value = slider.kind === "switch" ? values[slider.name] : snap(slider, values[slider.name]);
      moved ||= value !== this.values[slider.name];
      this.values[slider.name] = value;
    }
    if (!moved) return;
    this.unsaved ||= ours;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
      if (!this.unsaved) return;
      this.unsaved = false;
      // At once: an echo of the kernel between the two would pull the figure back.
      this.model.set("values", { ...this.values });
      this.model.save_changes();
    });
  }

  layout() {
    for (const panel of this.panels) panel.layout();
    // The sliders begin at one place, after the longest of their names.
    const names = [...this.root.querySelectorAll(".name")];
    for (const name of names) name.style.minWidth = "";
    const longest = Math.max(...names.map((name) => name.getBoundingClientRect().width));
    for (const name of names) name.style.minWidth = `${longest}px`;
    this.draw();
  }

  draw() {
    const scope = (this.scope = this.abbreviate({ ...this.data, ...this.values }));
    const said = [];
    for (const { label, unit, digits, f, output } of this.readouts) {
      output.textContent = written(f(scope, [0])[0], digits);
      said.push(`${label} ${output.textContent} ${unit}`.trim());
    }
    this.summary = said.join(", ");
    for (const { slider, show } of this.controls) show(this.values[slider.name]);
    for (const panel of this.panels) if (panel.width) panel.draw(scope);
  }

  remove() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    this.model.off("change:values", this.adopt);
  }
}

export default {
  render({ model, el }) {
    const figure = new Figure(model, el);
    return () => figure.remove();
  },
};
