// Spot the slip, and the breaking of a chain: what the judges said when the book was built,
// asked and answered. Nothing is sent anywhere; the score stays in this browser.
"use strict";

(() => {
  const asked = window.slipQuestions;
  if (!asked) return;
  const KEY = "spot-the-slip";
  const SMALLEST = 0.55; // of the size of the text

  function element(parent, tag, attributes = {}, text) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (text !== undefined) node.textContent = text;
    parent?.append(node);
    return node;
  }

  const button = (parent, text, attributes, action) => {
    const made = element(parent, "button", { type: "button", ...attributes }, text);
    made.addEventListener("click", action);
    return made;
  };

  // ------------------------------------------------------------ formulas
  const SIGNED = /^\s*(\\quad\s*)?(\\class\{[^}]*\}\{)?[+-]/;

  // Where a line may be broken: before + and − that stand in no bracket, and before a remark.
  function cuts(latex) {
    const found = [];
    let depth = 0;
    let operand = false; // is there something that a sign could follow?
    const token = /\\class\{[^}]*\}\{[+-]\}|\\left|\\right|\\quad|\\[A-Za-z]+|\\.|[{}()[\]+-]|\s+|./gs;
    for (const { 0: word, index } of latex.matchAll(token)) {
      if (/^\s/.test(word)) continue;
      if (/^(\\left|\\right|\\,|\\;)$/.test(word)) continue;
      if (/^([{([]|\\\{)$/.test(word)) depth += 1;
      else if (/^([})\]]|\\\})$/.test(word)) depth -= 1;
      else if (SIGNED.test(word) && operand && depth === 0) found.push(index);
      else if (word === "\\quad" && depth === 0) found.push(index);
      else if (/^[,;]$/.test(word) && depth === 0) found.push(index + 1);
      operand = !SIGNED.test(word) && !/^([=<>+({[-]|:|\\(geq|leq|approx|propto|quad|log|int))$/.test(word);
    }
    return found;
  }

  function pieces(latex) {
    const edges = [0, ...cuts(latex), latex.length];
    return edges.slice(1).map((end, i) => latex.slice(edges[i], end)).filter((piece) => /[^\s]/.test(piece.replace("\\quad", "")));
  }

  // A piece that is too wide: brackets that would grow get one size, since nothing may be
  // broken between a \left and its \right; then it breaks at signs and bars inside of them.
  function smaller(piece) {
    const loose = piece.replace(/\\left(?=[([|.]|\\\{)/g, "\\Bigl").replace(/\\right(?=[)\]|.]|\\\})/g, "\\Bigr");
    const edges = [0];
    let [braces, brackets, operand] = [0, 0, false];
    for (const { 0: word, index } of loose.matchAll(/\\Big[lr](?:\\.|.)|\\[A-Za-z]+|\\.|\s+|./gs)) {
      if (/^(\s|\\[,;])/.test(word)) continue;
      if (word === "{") braces += 1;
      else if (word === "}") braces -= 1;
      else if (/^[([]$/.test(word)) brackets += 1;
      else if (/^[)\]]$/.test(word)) brackets -= 1;
      const sign = /^([+-]|\\cdot)$/.test(word) && operand && brackets === 0;
      const factor = /^\\(exp|int)$/.test(word) && operand;
      if (braces === 0 && (sign || factor || word === "\\|")) edges.push(index);
      operand = !/^([=<>+({[-]|:|\\Bigl.*|\\(geq|leq|approx|propto|quad|log|int|cdot))$/.test(word);
    }
    return [...edges, loose.length].slice(1).map((end, i) => loose.slice(edges[i], end)).filter((part) => part.trim());
  }

  // Set as the page's own formulas: `{}` before a sign gives it the room of an operator.
  function pour(box, parts) {
    box.replaceChildren();
    for (const part of parts) {
      const sign = SIGNED.test(part) && part !== parts[0] ? "{}" : "";
      element(box, "span", { class: "math notranslate nohighlight" }, `\\(\\displaystyle ${sign}${part.trim().replace(/^\\quad\s*(?=[+-]|\\class)/, "")}\\)`);
      box.append(" ");
    }
  }

  async function typeset(...boxes) {
    await window.MathJax?.startup?.promise;
    await window.MathJax?.typesetPromise?.(boxes);
  }

  const widest = (box) => Math.max(...[...box.querySelectorAll("svg")].map((svg) => svg.getBoundingClientRect().width), 0);

  // Every line is whole: broken at its signs by the browser, inside a bracket, or set smaller.
  async function fit(box) {
    box.style.fontSize = "";
    const room = box.clientWidth - parseFloat(getComputedStyle(box).paddingLeft);
    if (!(room > 0) || widest(box) <= room) return;
    if (!box.dataset.broken) {
      box.dataset.broken = "yes";
      pour(box, pieces(box.dataset.latex).flatMap(smaller));
      await typeset(box);
    }
    const share = room / widest(box);
    if (share < 1) box.style.fontSize = `${Math.max(share * 0.99, SMALLEST) * 100}%`;
  }

  function formula(parent, latex) {
    const box = element(parent, "div", { class: "formula" });
    box.dataset.latex = latex;
    pour(box, pieces(latex));
    return box;
  }

  async function draw(...boxes) {
    await typeset(...boxes);
    await Promise.all(boxes.filter((box) => box.dataset.latex).map(fit));
    for (const box of boxes) box.dataset.drawn = "yes";
  }

  // The place of a change, in a colour of its own, if it can be wrapped.
  const balanced = (piece) =>
    [/\{/g, /\\left/g, /\(/g].every((open, i) => (piece.match(open) ?? []).length === (piece.match([/\}/g, /\\right/g, /\)/g][i]) ?? []).length);

  function wrapped(piece, name) {
    if (!name || !piece.trim() || !balanced(piece) || /arg(max|min)$/.test(piece)) return piece;
    const raised = /^([\^_])(\{(.*)\}|.|\\\w+)$/s.exec(piece);
    if (raised) return `${raised[1]}{\\class{${name}}{${raised[3] ?? raised[2]}}}`;
    if (/^[\^_]/.test(piece)) return piece;
    return `\\class{${name}}{${piece}}`;
  }

  function put(line, slip, name) {
    return line.slice(0, slip.begin) + wrapped(slip.new, name) + line.slice(slip.begin + slip.old.length);
  }

  function pointed(line, slip, name) {
    const end = slip.begin + slip.old.length;
    return line.slice(0, slip.begin) + wrapped(line.slice(slip.begin, end), name) + line.slice(end);
  }

  // A line whose places can be pointed at: each is a group of its own, one inside another.
  function touchable(line, places, chosen) {
    const kept = [];
    places.forEach((place, i) => {
      let [begin, end] = [place.begin, place.begin + place.old.length];
      if (/^[\^_]\{/.test(place.old)) [begin, end] = [begin + 2, end - 1];
      else if (/^[\^_]/.test(place.old)) begin += 1;
      const piece = line.slice(begin, end);
      const crossed = kept.some((k) => (k.begin < begin && begin < k.end && k.end < end) || (begin < k.begin && k.begin < end && end < k.end) || (begin === k.begin && end === k.end));
      if (!piece.trim() || !balanced(piece) || /arg(max|min)/.test(piece) || crossed) return;
      kept.push({ begin, end, open: `\\class{slip-place slip-p${i}${place === chosen ? " slip-chosen" : ""}}{` });
    });
    let text = "";
    for (let at = 0; at <= line.length; at += 1) {
      text += "}".repeat(kept.filter((k) => k.end === at).length);
      text += kept.filter((k) => k.begin === at).sort((a, b) => b.end - a.end).map((k) => k.open).join("");
      text += line[at] ?? "";
    }
    return text;
  }

  // ------------------------------------------------------------ words
  const at = (values) => (values.at ? say("At {values}", { values: rounded(values.at, 4) }) : say("At one choice of all parameters"));

  // Four digits of each number are enough, or as many as two values need to differ.
  const rounded = (text, digits) =>
    text.replace(/\d+\.\d+/g, (all) => (all.replace(/^0\.0*|\./g, "").length > digits ? String(Number(Number(all).toPrecision(Math.max(digits, all.indexOf("."))))) : all));
  function pair({ left, right }) {
    let digits = 4;
    while (digits < 17 && left !== right && rounded(left, digits) === rounded(right, digits)) digits += 1;
    return { left: rounded(left, digits), right: rounded(right, digits) };
  }

  function linkTo(parent, text, href) {
    return element(parent, "a", { href }, text);
  }

  function why(box, slip) {
    const kind = asked.kinds[slip.sort];
    const text = element(box, "p", {}, say("The slip: {name}. {why} ", kind));
    if (kind.exhibit) {
      const [before, after] = say("In the bug museum: {room}.").split("{room}");
      text.append(before);
      linkTo(text, kind.exhibit[0], kind.exhibit[1]);
      text.append(after);
    }
  }

  function numbers(box, slip, line) {
    const { values } = slip;
    if (!values) return;
    const told = { at: at(values), ...pair(values), above: line - 1, line };
    const sentence = line > 1
      ? values.slopes
        ? say("{at}, line {above} improves in the direction {left}, and line {line} improves in the direction {right}.", told)
        : say("{at}, line {above} is worth {left}, and line {line} is worth {right}.", told)
      : values.slopes
        ? say("{at}, what the chain begins with improves in the direction {left}, and line {line} improves in the direction {right}.", told)
        : say("{at}, what the chain begins with is worth {left}, and line {line} is worth {right}.", told);
    element(box, "p", {}, sentence);
  }

  async function mended(box, chain, slip) {
    element(box, "p", {}, say("Line {line} of the book reads", slip));
    const right = formula(box, pointed(chain.lines[slip.line], slip, "slip-right"));
    const from = element(box, "p", { class: "from" });
    const [before, after] = say("The chain is {number}.").split("{number}");
    from.append(before);
    linkTo(from, `(${chain.number})`, chain.href);
    from.append(after);
    await draw(right);
  }

  function givens(box, chain) {
    const words = element(box, "div", { class: "given" });
    for (const given of chain.given) {
      element(words, "span", {}, say("Given "));
      formula(words, given);
    }
  }

  // The chain as a list; its first line is where the reader starts, and has no number.
  function list(parent, lines, choose) {
    const rows = element(parent, "ol", { class: "slip-lines", start: "0" });
    lines.forEach((latex, i) => {
      const row = element(rows, "li", i ? {} : { class: "head" });
      if (i) {
        const press = button(row, String(i), { class: "pick", "aria-label": say("Line {line}", { line: i }) }, (event) => {
          event.stopPropagation();
          choose(i);
        });
        press.dataset.line = i;
        row.addEventListener("click", () => choose(i));
      }
      formula(row, latex);
    });
    rows.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const picks = [...rows.querySelectorAll(".pick")];
      const here = picks.indexOf(document.activeElement);
      if (!step || here < 0) return;
      event.preventDefault();
      picks[Math.min(Math.max(here + step, 0), picks.length - 1)].focus();
    });
    return rows;
  }

  // ------------------------------------------------------------ the score
  // A browser may refuse to store: then the score lasts as long as the page.
  const score = {
    all: {},
    load() {
      try {
        const stored = JSON.parse(localStorage.getItem(KEY) ?? "{}");
        this.all = stored && typeof stored === "object" && !Array.isArray(stored) ? stored : {};
      } catch {
        this.all = {};
      }
    },
    save() {
      try {
        localStorage.setItem(KEY, JSON.stringify(this.all));
      } catch {
        // nothing is lost but the memory of it
      }
    },
    of(page) {
      const kept = this.all[page];
      return kept && typeof kept === "object" ? kept : (this.all[page] = {});
    },
    forget(page) {
      delete this.all[page];
      this.save();
    },
  };
  const nameOf = (slip) => [slip.label, slip.line, slip.begin, slip.new].join(" ");

  // ------------------------------------------------------------ spot the slip
  function practise(root) {
    const slips = asked.slips;
    let grade = 1;
    let now; // the slip that is asked
    let taps = 0;
    let over = false;
    score.load();
    root.replaceChildren();
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", say("Spot the slip"));
    const bar = element(root, "div", { class: "bar" });
    const grades = element(bar, "div", { class: "grades", role: "group", "aria-label": say("How well the slip is hidden") });
    for (const [number, name] of Object.entries(asked.grades)) {
      button(grades, name, { "aria-pressed": number === "1" }, (event) => {
        grade = Number(number);
        for (const other of grades.children) other.setAttribute("aria-pressed", other === event.currentTarget);
        next();
      });
    }
    const task = element(root, "p", { class: "task" }, say("One of these lines is false. Choose it, or press its number."));
    task.dataset.onPaper = say("One of these lines is false.");
    const chainBox = element(root, "div", { class: "chain" });
    const answer = element(root, "div", { class: "answer", role: "status" });
    const foot = element(root, "div", { class: "foot" });
    const another = button(foot, say("Another"), { class: "next" }, () => next());
    const show = button(foot, say("Show me"), { class: "show" }, () => settle(0));
    const tally = element(foot, "span", { class: "tally" });
    const reset = button(foot, say("Reset the score"), { class: "reset" }, () => {
      score.forget(asked.page);
      count();
    });
    root.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const line = Number(event.key);
      if (line >= 1 && line < asked.chains[now.label].lines.length) choose(line);
    });
    addEventListener("resize", () => root.querySelectorAll(".formula").forEach((box) => fit(box)));

    function count() {
      const mine = score.of(asked.page);
      const marks = slips.map((slip) => mine[nameOf(slip)]);
      const found = marks.filter((mark) => mark > 0).length;
      const first = marks.filter((mark) => mark === 1).length;
      tally.textContent = found ? say("Found {found} of {all}, {first} at the first try.", { found, all: slips.length, first }) : "";
      reset.hidden = !marks.some((mark) => mark !== undefined);
    }

    // Those that were not met yet come first; after the last all come again.
    function next() {
      const mine = score.of(asked.page);
      const those = slips.filter((slip) => asked.kinds[slip.sort].grade === grade && slip !== now);
      const fresh = those.filter((slip) => mine[nameOf(slip)] === undefined);
      const from = fresh.length ? fresh : those.length ? those : slips;
      now = from[Math.floor(Math.random() * from.length)];
      taps = 0;
      over = false;
      answer.replaceChildren();
      show.hidden = false;
      const chain = asked.chains[now.label];
      const lines = chain.lines.map((line, i) => (i === now.line ? put(line, now) : line));
      chainBox.replaceChildren();
      givens(chainBox, chain);
      list(chainBox, lines, choose);
      draw(...chainBox.querySelectorAll(".formula"));
    }

    const row = (line) => chainBox.querySelectorAll("li")[line];

    function choose(line) {
      if (over || row(line).dataset.told) return;
      taps += 1;
      if (line === now.line) settle(taps);
      else {
        row(line).dataset.told = "right";
        const pick = row(line).querySelector(".pick");
        pick.setAttribute("aria-label", say("Line {line}: it is right", { line }));
        pick.dataset.says = say("holds");
        said("no", say("Not line {line}.", { line }), stands(line));
      }
    }

    // Why a line is as it should be; the line above it may be the wrong one.
    function stands(line) {
      const chain = asked.chains[now.label];
      const values = chain.values[line - 1];
      const equal = chain.lines.slice(1, line + 1).every((text) => text.startsWith("=") || text.startsWith(":="));
      if (!values || values.slopes || !equal || values.left !== values.right) {
        return line > 1
          ? say("In the book it follows from line {above}.", { above: line - 1 })
          : say("In the book it follows from what the chain begins with.");
      }
      return say("{at}, it is worth {right}, and so is what the chain begins with.", { at: at(values), right: pair(values).right });
    }

    function said(verdict, ...words) {
      answer.replaceChildren();
      answer.dataset.verdict = verdict;
      const text = element(answer, "p", { class: "said" });
      element(text, "b", {}, `${verdict === "no" ? "✗" : "✓"} ${words[0]}`);
      text.append(` ${words[1] ?? ""}`);
      bringIntoView();
    }

    // Under a long chain on a phone the answer would be below the screen.
    function bringIntoView() {
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      answer.scrollIntoView({ block: "nearest", behavior: calm ? "instant" : "smooth" });
    }

    function settle(taken) {
      const chain = asked.chains[now.label];
      over = true;
      if (document.activeElement === show) another.focus({ preventScroll: true });
      show.hidden = true;
      const mine = score.of(asked.page);
      const name = nameOf(now);
      if (!(mine[name] > 0)) mine[name] = taken === 0 ? 0 : taken === 1 ? 1 : 2;
      score.save();
      count();
      said("yes", taken ? say("It is line {line}.", now) : say("Line {line} is false.", now));
      numbers(answer, now, now.line);
      mended(answer, chain, now).then(bringIntoView);
      why(answer, now);
      bringIntoView();
      const wrong = row(now.line);
      wrong.dataset.told = "wrong";
      wrong.querySelector(".pick").setAttribute("aria-label", say("Line {line}: it is false", now));
      const box = wrong.querySelector(".formula");
      box.dataset.latex = put(chain.lines[now.line], now, "slip-wrong");
      pour(box, pieces(box.dataset.latex));
      delete box.dataset.broken;
      draw(box);
    }

    next();
    count();
    task.id = "slips-task";
  }

  // ------------------------------------------------------------ break a chain
  function breaking(root) {
    const places = new Map(); // of each chain, what may be changed in it
    for (const slip of asked.slips) {
      const key = [slip.line, slip.begin, slip.old].join(" ");
      if (!places.has(slip.label)) places.set(slip.label, new Map());
      const known = places.get(slip.label);
      if (!known.has(key)) known.set(key, { ...slip, changes: [] });
      known.get(key).changes.push(slip);
    }
    let label = Object.keys(asked.chains)[0];
    let line = 0;
    root.replaceChildren();
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", say("Break a derivation"));
    const bar = element(root, "label", { class: "bar" }, say("Derivation "));
    const menu = element(bar, "select");
    for (const [name, chain] of Object.entries(asked.chains)) {
      element(menu, "option", { value: name }, `(${chain.number}) ${chain.name}`);
    }
    menu.addEventListener("change", () => begin(menu.value));
    element(root, "p", { class: "task" }, say("Choose a line, a symbol in it, and what to put in its place."));
    const chainBox = element(root, "div", { class: "chain" });
    // What is offered and what is said stand under the line that was chosen.
    const choices = element(null, "li", { class: "choices" });
    const symbols = element(choices, "div", { class: "chips" });
    const changes = element(choices, "div", { class: "chips" });
    const answer = element(choices, "div", { class: "answer", role: "status" });
    const foot = element(choices, "div", { class: "foot" });
    const back = button(foot, say("Put it back"), { class: "next" }, () => begin(label));
    addEventListener("resize", () => root.querySelectorAll(".formula").forEach((box) => fit(box)));
    const rows = () => chainBox.querySelectorAll("li:not(.choices)");
    // A symbol in the chosen line; the buttons below are for keys and large fingers.
    chainBox.addEventListener("click", (event) => {
      const place = event.target.closest?.(".slip-place");
      const made = place && symbols.querySelectorAll(".chip")[/slip-p(\d+)/.exec(place.getAttribute("class"))[1]];
      made?.click();
    }, true);
    const here = () => [...places.get(label).values()].filter((place) => place.line === line).sort((a, b) => a.begin - b.begin || b.old.length - a.old.length);

    function begin(name) {
      label = menu.value = name;
      line = 0;
      for (const box of [chainBox, symbols, changes, answer]) box.replaceChildren();
      back.hidden = true;
      const chain = asked.chains[label];
      givens(chainBox, chain);
      list(chainBox, chain.lines, (number) => choose(number));
      draw(...chainBox.querySelectorAll(".formula"));
    }

    function mend() {
      const chain = asked.chains[label];
      const boxes = [];
      rows().forEach((row, i) => {
        delete row.dataset.told;
        row.toggleAttribute("data-chosen", i === line && i > 0);
        const box = row.querySelector(".formula");
        if (box.dataset.latex === chain.lines[i]) return;
        show(box, chain.lines[i]);
        boxes.push(box);
      });
      answer.replaceChildren();
      back.hidden = true;
      return boxes;
    }

    function show(box, latex) {
      box.dataset.latex = latex;
      delete box.dataset.broken;
      pour(box, pieces(latex));
    }

    const chip = (box, latex, name, action) => {
      const made = button(box, "", { class: "chip", "aria-label": name, "aria-pressed": "false" }, (event) => {
        for (const other of box.querySelectorAll(".chip")) other.setAttribute("aria-pressed", other === event.currentTarget);
        action();
      });
      element(made, "span", { class: "math notranslate nohighlight", "aria-hidden": "true" }, `\\(${latex}\\)`);
      return made;
    };
    // An exponent is shown on what it stands on, as far as that is short.
    const bare = (latex, before) => {
      const base = /(\\?[A-Za-z]+)(_\{?\w+\}?)?\s*$/.exec(before)?.[0] ?? (/\)\s*$/.test(before) ? "(\\cdots)" : "\\square");
      return latex.trim().replace(/^(?=[\^_])/, () => base) || `\\text{${say("nothing")}}`;
    };
    const before = (place) => asked.chains[label].lines[place.line].slice(0, place.begin);
    // Without its exponent, the base is what remains.
    const offered = (place, slip) => (/^\^/.test(place.old) && !slip.new.trim() ? bare("^{}", before(place)) : bare(slip.new, before(place)));
    const named = (latex) => latex.replace(/[\\{}]/g, " ").replace(/\s+/g, " ").trim() || say("nothing");

    function choose(number) {
      if (line === number && symbols.childElementCount) return;
      line = number;
      const boxes = mend();
      symbols.replaceChildren();
      changes.replaceChildren();
      element(symbols, "span", { class: "name" }, say("In line {line}, change", { line }));
      for (const place of here()) chip(symbols, bare(place.old, before(place)), say("{symbol}, in line {line}", { symbol: named(place.old), line }), () => pick(place));
      const row = rows()[line];
      row.after(choices);
      const box = row.querySelector(".formula");
      show(box, touchable(asked.chains[label].lines[line], here()));
      draw(symbols, box, ...boxes).then(inView);
    }

    function pick(place) {
      mend();
      changes.replaceChildren();
      element(changes, "span", { class: "name" }, say("to"));
      for (const slip of place.changes) chip(changes, offered(place, slip), say("to {symbol}", { symbol: named(slip.new) }), () => change(slip));
      const box = rows()[line].querySelector(".formula");
      show(box, touchable(asked.chains[label].lines[line], here(), place));
      draw(changes, box).then(inView);
    }

    const inView = () => choices.scrollIntoView({ block: "nearest" });

    function change(slip) {
      mend();
      const box = rows()[line].querySelector(".formula");
      show(box, put(asked.chains[label].lines[line], slip, slip.fallen ? "slip-wrong" : "slip-chosen"));
      const text = element(answer, "p", { class: "said" });
      answer.dataset.verdict = slip.fallen ? "no" : "yes";
      if (slip.fallen) {
        rows()[slip.fallen].dataset.told = "wrong";
        element(text, "b", {}, say("✗ Line {fallen} falls.", slip));
        if (slip.fallen !== slip.line) text.append(say(" Line {line}, which you changed, still follows from the line above it; the line below no longer follows from it.", slip));
        numbers(answer, slip, slip.fallen);
        why(answer, slip);
      } else {
        element(text, "b", {}, say("✓ Every line still holds."));
        text.append(say(" The judges find both sides equal, or the bound kept, at every point that they try. Can you see why?"));
      }
      back.hidden = false;
      draw(box, answer).then(inView);
    }

    begin(label);
  }

  document.querySelectorAll(".slips").forEach(practise);
  document.querySelectorAll(".breaker").forEach(breaking);
})();
