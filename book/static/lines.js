// Display equations as lines: broken where the checker says, each with its mark and reason.
//
//   lines.know({label: {ledger, lines: [...]}})   what derivations/lines.py made
//   lines.draw(label)                             the display of that label, as lines
//   lines.display({lines})              a display without reasons, as an element
//   lines.formula(pieces, {sign, tail})           one line, as an element
//   lines.figure({lines, reasons, head, ledger, checked})  a chain of lines, as an element
//   lines.typeset(element)                        when MathJax has drawn what is in it
//   lines.fit()                                   to a width that changed at once: on paper
"use strict";

window.lines = (() => {
  const known = {};
  const SMALLEST = 0.6;
  const NOTICED = 0.88;

  function make(name, className = "", ...children) {
    const element = document.createElement(name);
    if (className) element.className = className;
    element.append(...children);
    return element;
  }

  // ------------------------------------------------------------ one line
  const latexOf = (piece) => piece.latex ?? piece;
  const isGroup = (piece) => Array.isArray(piece);

  // The sign belongs to the first piece, a comma to the last.
  function begunWith(sign, piece) {
    if (isGroup(piece)) return [begunWith(sign, piece[0]), ...piece.slice(1)];
    const latex = `${sign} ${latexOf(piece)}`;
    return piece.marks ? { ...piece, latex } : latex;
  }

  function endedWith(sign, piece) {
    if (isGroup(piece)) return [...piece.slice(0, -1), endedWith(sign, piece.at(-1))];
    const latex = `${latexOf(piece)}${sign}`;
    return piece.marks ? { ...piece, latex } : latex;
  }

  // About how large a piece will be, in em: it keeps that room until MathJax has drawn it.
  function sizeOf(latex) {
    const high = /\\(sum|prod)/.test(latex) ? 3.7 : /\\(frac|int)/.test(latex) ? 3.0 : 1.55;
    const seen = latex
      .replace(/\\vphantom\{.*?\}(?= \\right\.| \{\}| \\left\.|$)/g, "")
      .replace(/\\(class|math[a-z]+|operatorname\*?)\{|\\(left|right|frac)\b|\\[,;:! ]/g, "")
      .replace(/\\[A-Za-z]+/g, (name) => (/log|exp|max|min|det|sup|cos|sin/.test(name) ? "xxx" : /eq|approx|propto|sim|mid|quad/.test(name) ? "xx" : "x"))
      .replace(/[=+<>:-]/g, "xx") // with the room around them
      .replace(/[{}_^\s]/g, "");
    return [high, seen.length * (/\\frac/.test(latex) ? 0.42 : 0.47)];
  }

  function drawn(piece) {
    if (isGroup(piece)) {
      const group = make("span", "line-group");
      piece.forEach((part, i) => group.append(...(i ? [make("wbr")] : []), drawn(part)));
      return group;
    }
    const leaf = make("span", "math line-leaf", `\\(\\displaystyle ${latexOf(piece)}\\)`);
    if (piece.marks) leaf.classList.add(...piece.marks.split(" "));
    const [high, wide] = sizeOf(latexOf(piece));
    leaf.style.cssText = `--high: ${high}em; --wide: ${wide.toFixed(1)}em`;
    return leaf;
  }

  // Pieces that flow as words do; what they say together is for screen readers.
  function flow(pieces, says) {
    const seen = make("span", "line-seen");
    pieces.forEach((piece, i) => seen.append(...(i ? [make("wbr")] : []), drawn(piece)));
    const line = make("span", "line", seen);
    line.dataset.says = says;
    sizes.observe(line);
    return line;
  }

  // What stands behind a line: a comma stays with it, the rest has a place of its own.
  function tailed(piece, tail = "") {
    const [, comma, rest] = /^([.,;:]*)((?:.|\n)*)$/.exec(tail);
    const aside = rest.replace(/^(\s|\\[,;:! ]|\\q?quad(?![A-Za-z]))+/, "");
    const whole = comma ? endedWith(comma, piece) : piece;
    return aside ? [whole, { latex: aside, marks: "line-aside" }] : [whole];
  }

  function saying(piece) {
    return isGroup(piece) ? piece.map(saying).join(" ") : latexOf(piece);
  }

  function formula(piece, { sign = "", tail = "", says } = {}) {
    const [whole, ...aside] = tailed(sign ? begunWith(sign, piece) : piece, tail);
    return flow([...(isGroup(whole) ? whole : [whole]), ...aside], says ?? saying([whole, ...aside]));
  }

  // ------------------------------------------------------------ a display without reasons
  function display({ lines }) {
    const pieces = [];
    let statement = pieces; // each stays together, where there are several
    const several = lines.filter((line) => line.left).length > 1;
    for (const { left, sign, right, tail } of lines) {
      if (left && several) pieces.push((statement = []));
      if (left) statement.push(left);
      statement.push(...tailed(begunWith(`{} ${sign}`, right), tail));
    }
    const line = flow(pieces, lines.map(({ says }) => says).join(" \\quad "));
    if (several) {
      for (const group of line.firstChild.querySelectorAll(":scope > .line-group")) group.classList.add("line-statement");
    }
    return line;
  }

  // ------------------------------------------------------------ a figure of lines
  let figures = 0;

  // What a verdict is worth, in a sentence.
  const worth = {
    proved: () => say("Proved means: computer algebra turned one side into the other, in the smallest Gaussian model. It is a proof for that model; numbers from other models agree with it."),
    tested: () => say("Tested means: in every small model that was tried, numbers found nothing against this line. That is evidence, and no proof."),
  };

  function verdict(line, { ledger, checked }, id) {
    const panel = make("div", "lines-verdict");
    panel.id = id;
    panel.hidden = true;
    const facts = make("dl");
    for (const [name, fact] of line.facts) facts.append(make("dt", "", name), make("dd", "", fact));
    panel.append(make("p", "", make("strong", "", `${line.glyph} ${line.word}`)));
    if (worth[line.verdict]) panel.append(make("p", "", worth[line.verdict]()));
    panel.append(facts);
    const links = [[checked, say("How the equations are checked")], [ledger, say("This equation in the ledger")]];
    for (const [href, text] of links) {
      if (!href) continue;
      const link = make("a", "", text);
      link.href = href;
      panel.append(make("p", "", link));
    }
    const button = make("button", `lines-mark lines-mark-${line.verdict.replace(" ", "-")}`, line.glyph);
    button.type = "button";
    button.title = button.ariaLabel = say("{verdict}: why?", { verdict: line.word });
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-controls", id);
    button.addEventListener("click", () => {
      panel.hidden = !panel.hidden;
      button.setAttribute("aria-expanded", String(!panel.hidden));
    });
    return [button, panel];
  }

  function row(line, number, reason, links, name) {
    const item = make("li", "lines-row");
    item.tabIndex = -1;
    const count = make("span", "lines-number", String(number));
    const drawnLine = formula(line.right, { tail: line.tail, says: line.says });
    const sign = drawn(line.sign);
    sign.classList.add("lines-sign");
    drawnLine.firstChild.prepend(sign);
    item.append(count, drawnLine, make("div", "lines-reason", ...reason));
    if (line.verdict) item.append(...verdict(line, links, `${name}-${number}`));
    return item;
  }

  function figure({ lines, reasons = [], head, ledger, checked, label }) {
    const name = `lines-${label ?? ++figures}`;
    const rows = make("ol", "lines-rows");
    rows.setAttribute("role", "list");
    lines.forEach((line, i) => rows.append(row(line, i + 1, reasons[i] ?? [], { ledger, checked }, name)));
    const box = make("div", "lines", head ?? make("div", "lines-head"), rows);
    box.setAttribute("role", "group");
    if (lines[0].left) box.firstChild.append(formula(lines[0].left, {}));
    walk(rows);
    return box;
  }

  // The arrow keys lead from line to line, once one of them has the focus.
  function walk(rows) {
    rows.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const here = event.target.closest(".lines-row");
      if (!step || !here || event.defaultPrevented) return;
      const next = rows.children[[...rows.children].indexOf(here) + step];
      if (next) {
        event.preventDefault();
        next.focus();
      }
    });
  }

  // ------------------------------------------------------------ one line at a time
  function stepper(box, number) {
    const rows = [...box.querySelectorAll(".lines-row")];
    const live = make("span", "lines-spoken");
    live.setAttribute("aria-live", "polite");
    const button = (text, action) => {
      const made = make("button", "lines-button", text);
      made.type = "button";
      made.addEventListener("click", action);
      return made;
    };
    const start = button(say("Step"), () => (box.classList.contains("stepping") ? leave() : enter()));
    start.ariaLabel = say("Step through equation {number}, one line at a time", { number });
    start.setAttribute("aria-pressed", "false");
    const back = button(say("Back"), () => show(at - 1));
    const hint = button(say("Reason"), () => rows[at]?.classList.add("hinted"));
    const next = button(say("Next line"), () => show(at + 1));
    const progress = make("span", "lines-progress");
    progress.ariaHidden = "true";
    const key = make("p", "lines-key", make("span", "new", "■ "), say("What changes from one line to the next"));
    const bar = make("div", "lines-bar", back, hint, next, progress, key, live);
    bar.hidden = true;
    let at = rows.length;

    function show(place, focus = true) {
      at = Math.max(0, Math.min(place, rows.length));
      rows.forEach((each, i) => {
        each.classList.remove("hinted");
        each.classList.toggle("ahead", i >= at);
        each.classList.toggle("next", i === at);
        each.classList.toggle("now", i === at - 1);
      });
      back.disabled = at === 0;
      hint.disabled = next.disabled = at === rows.length;
      live.textContent = at === rows.length ? say("All lines are shown.") : say("{at} of {all} lines are shown.", { at, all: rows.length });
      progress.textContent = say("{at} of {all}", { at, all: rows.length });
      // The bar stands above the page's lower edge: a line must end above the bar.
      box.style.setProperty("--bar", `${bar.offsetHeight}px`);
      if (!focus) return;
      const came = rows[at - 1] ?? next;
      came.focus({ preventScroll: true });
      came.scrollIntoView({ block: "nearest" });
    }
    function enter() {
      box.classList.add("stepping");
      bar.hidden = false;
      start.textContent = say("Show all");
      start.setAttribute("aria-pressed", "true");
      show(0);
    }
    function leave() {
      box.classList.remove("stepping");
      bar.hidden = true;
      start.textContent = say("Step");
      start.setAttribute("aria-pressed", "false");
      show(rows.length, false);
      for (const each of rows) each.classList.remove("now");
      start.focus();
    }
    const actions = {
      ArrowRight: () => show(at + 1), ArrowDown: () => show(at + 1),
      ArrowLeft: () => show(at - 1), ArrowUp: () => show(at - 1),
      Home: () => show(0), End: () => show(rows.length), Escape: leave,
    };
    box.addEventListener("keydown", (event) => {
      if (!box.classList.contains("stepping")) return;
      const onARow = event.target.matches(".lines-row");
      const action = actions[event.key] ?? (onARow && [" ", "Enter"].includes(event.key) ? actions.ArrowRight : null);
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    }, true);
    for (const each of rows) {
      each.addEventListener("click", () => {
        if (each.classList.contains("next") && box.classList.contains("stepping")) show(at + 1);
      });
    }
    return { start, bar };
  }

  // ------------------------------------------------------------ in the page
  function draw(label) {
    const block = document.getElementById(`equation-${label}`);
    const data = known[label];
    if (!block || !data) return;
    const text = [...block.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.includes("\\["));
    if (!text) return;
    const list = block.nextElementSibling;
    const { lines } = data;
    if (!(list?.localName === "ol" && lines.length > 1 && list.children.length === lines.length)) {
      text.replaceWith(display(data));
      block.classList.replace("math", "lines-display");
      return;
    }
    text.remove();
    const place = document.createComment("");
    block.before(place);
    block.classList.replace("math", "lines-head");
    const reasons = [...list.children].map((item) => [...item.childNodes]);
    const box = figure({ ...data, label, reasons, head: block });
    const number = /\([\d.]+\)/.exec(block.querySelector(".eqno")?.textContent ?? "")?.[0] ?? "";
    box.ariaLabel = say("Equation {number}, line by line", { number });
    const { start, bar } = stepper(box, number);
    block.append(start);
    box.append(bar);
    list.remove();
    place.replaceWith(box);
  }

  // A claim in a table of verdicts: before MathJax, which is deferred, sets it in one piece.
  document.addEventListener("readystatechange", () => {
    for (const box of document.querySelectorAll("[data-claim]")) {
      const { sign, right, says } = JSON.parse(box.dataset.claim);
      box.replaceChildren(formula(right, { sign, says }));
    }
  }, { once: true });

  // ------------------------------------------------------------ when it is drawn
  // What no break makes narrow enough is set smaller, and scrolls only as the last resort.
  // All are measured, then all are changed: each look after a change lays out the page.
  function fit(lines) {
    let open = [...lines].map((line) => ({ line, seen: line.querySelector(".line-seen"), scale: 1 }));
    for (const { seen } of open) {
      seen.style.fontSize = "";
      seen.classList.remove("scrolls");
      seen.classList.add("whole");
    }
    for (const each of open) {
      each.room = each.line.clientWidth;
      each.needed = each.seen.scrollWidth;
    }
    open = open.filter(({ room, needed }) => needed > room);
    for (const { seen, room, needed } of open) {
      // A little smaller is better than broken.
      if (needed * NOTICED <= room) seen.style.fontSize = `${(room / needed) * 99.5}%`;
      else seen.classList.remove("whole");
    }
    open = open.filter(({ room, needed }) => room && needed * NOTICED > room);
    const tooWide = () => open.filter(({ seen }) => seen.scrollWidth > seen.clientWidth + 1);
    for (let i = 0; i < 3; i++) {
      open = tooWide();
      for (const each of open) each.scale *= (each.room / each.seen.scrollWidth) * 0.995;
      for (const { seen, scale } of open) seen.style.fontSize = `${Math.max(scale, SMALLEST) * 100}%`;
    }
    for (const { seen } of tooWide()) seen.classList.add("scrolls");
  }

  const INLINE = "article .math:not(.line-leaf) > mjx-container:not([display])";

  // A formula within a sentence is set smaller where it is wider than its column, with the
  // comma or the particle that is held to it. Where that would be too small, they may part.
  function fitFormulas(roots) {
    const wide = (e) => e?.getBoundingClientRect().width ?? 0;
    const formulas = roots.flatMap((root) => [...root.querySelectorAll(INLINE)]);
    for (const formula of formulas) {
      formula.style.fontSize = "";
      formula.closest(".held")?.classList.remove("loose");
    }
    const measured = formulas.map((formula) => {
      const held = formula.closest(".held");
      const beside = held ? wide(held) - wide(formula.parentElement) : 0;
      return { formula, held, beside, width: wide(formula.firstElementChild), room: formula.closest(BLOCKS).clientWidth };
    });
    for (const { formula, held, beside, width, room } of measured) {
      if (!room || width + beside <= room) continue;
      const loose = (room - beside) / width < SMALLEST;
      const share = (loose ? room : room - beside) / width;
      held?.classList.toggle("loose", loose);
      if (share < 1) formula.style.fontSize = `${Math.max(share * 0.99, SMALLEST) * 100}%`;
      formula.classList.toggle("scrolls", share < SMALLEST);
    }
  }

  // Only another width asks for another fit: what is fitted changes its height. A fold that
  // opens gives its blocks a width, and another size of text the probe.
  const BLOCKS = "p, li, td, dd, div";
  const widths = new WeakMap();
  const sizes = new ResizeObserver((entries) => {
    const lines = [], blocks = [];
    for (const { target, contentRect } of entries) {
      if (widths.get(target) === contentRect.width) continue;
      const first = !widths.has(target);
      widths.set(target, contentRect.width);
      if (target.classList.contains("line")) lines.push(target);
      else if (target.classList.contains("text-size")) first || fitAll();
      else blocks.push(target);
    }
    fitFormulas(blocks);
    fit(lines);
  });

  function fitAll() {
    fitFormulas([document]);
    fit(document.querySelectorAll(".line"));
  }

  // Screen readers get the line as a whole, not piece by piece.
  function speak(line) {
    if (line.querySelector(".lines-spoken") || !window.MathJax?.tex2mml) return;
    const spoken = make("span", "lines-spoken");
    spoken.innerHTML = MathJax.tex2mml(line.dataset.says, { display: true });
    const seen = line.querySelector(".line-seen");
    seen.ariaHidden = "true";
    for (const twice of seen.querySelectorAll("mjx-assistive-mml")) twice.remove();
    line.prepend(spoken);
  }

  function finish(root) {
    fitFormulas([root]);
    const lines = root.querySelectorAll(".line");
    lines.forEach(speak);
    fit(lines);
  }

  async function typeset(root) {
    await MathJax.startup.promise;
    await MathJax.typesetPromise([root]);
    finish(root);
  }

  window.addEventListener("load", () => {
    if (!window.MathJax?.startup) document.documentElement.classList.add("without-mathjax");
    window.MathJax?.startup?.promise?.then(() => {
      finish(document);
      for (const formula of document.querySelectorAll(INLINE)) sizes.observe(formula.closest(BLOCKS));
      const probe = make("span", "text-size");
      document.body.append(probe);
      sizes.observe(probe);
    });
  });

  return {
    know: (more) => Object.assign(known, more), known, draw, display, formula, figure, typeset,
    fit: fitAll,
  };
})();
