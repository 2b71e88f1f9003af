// In a page of the built book that is laid out for paper (book/static/print.js): its article
// as HTML for a book in one file. Every id gets the page's name before it, and links and
// references follow. What a cell drew is taken from `drawn`, where it has an SVG. Returns its
// parts: {html, title, heading, running, contents, solutions, mentions}.
async ({ page, pages, terms, drawn }) => {
  const article = document.querySelector("article.bd-article");
  const named = (id) => `${page}--${id}`;

  // What a screen drew in a canvas, as a picture; what a button says, as text.
  const canvases = [...article.querySelectorAll("canvas")];
  const pictures = canvases.map((canvas) => canvas.width && canvas.height && canvas.toDataURL());
  const buttons = [...article.querySelectorAll("button:is(.lines-mark, .pick)")];
  const copy = article.cloneNode(true);
  [...copy.querySelectorAll("canvas")].forEach((canvas, i) => {
    const image = document.createElement("img");
    if (!pictures[i]) return canvas.remove();
    image.className = canvas.className;
    image.style.cssText = canvas.style.cssText;
    image.src = pictures[i];
    image.alt = canvas.ariaLabel ?? "";
    canvas.replaceWith(image);
  });
  [...copy.querySelectorAll("button:is(.lines-mark, .pick)")].forEach((button, i) => {
    const text = document.createElement("span");
    text.className = button.className;
    text.textContent = buttons[i].textContent;
    button.replaceWith(text);
  });

  // The panels of a picture are one again in vectors.
  const vectors = ({ src }) => drawn[src.match(/(\w+)(-\d+)?\.png$/)?.[1]];
  for (const row of copy.querySelectorAll(".panel-row")) {
    const first = row.querySelector("img");
    if (!first || !vectors(first)) continue;
    first.removeAttribute("style");
    first.className = "";
    row.replaceWith(first);
  }
  for (const image of copy.querySelectorAll("img")) if (vectors(image)) image.src = vectors(image);

  for (const input of copy.querySelectorAll("input")) input.toggleAttribute("checked", input.checked);

  // A drawing within the page has no words in a PDF; a picture has. So each formula becomes a
  // picture of its own, and its words are its LaTeX; of a line in pieces the first has them.
  const sources = new Map();
  for (const { typesetRoot, math } of window.MathJax?.startup?.document?.math ?? []) sources.set(typesetRoot, math);
  const originals = [...article.querySelectorAll("mjx-container")];
  [...copy.querySelectorAll("mjx-container")].forEach((formula, i) => {
    const line = formula.closest(".line");
    const first = !line || line.querySelector("mjx-container:has(> svg)") === formula;
    const words = line?.dataset.says ?? sources.get(originals[i]) ?? "formula";
    formula.dataset.words = first ? words : "";
  });
  function picture(formula) {
    const drawn = formula.querySelector("svg");
    if (!drawn) return;
    const glyphs = document.createElementNS(drawn.namespaceURI, "defs");
    for (const use of drawn.querySelectorAll("use")) {
      const id = use.getAttribute("xlink:href").slice(1);
      if (!glyphs.querySelector(`[id="${id}"]`)) glyphs.append(document.getElementById(id).cloneNode(true));
    }
    drawn.prepend(glyphs);
    const image = document.createElement("img");
    image.className = "formula-picture";
    image.alt = formula.dataset.words;
    image.style.cssText = `${drawn.style.cssText}; width: ${drawn.getAttribute("width")}; height: ${drawn.getAttribute("height")}`;
    image.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(drawn))}`;
    delete formula.dataset.words;
    formula.replaceChildren(image);
  }
  for (const hidden of copy.querySelectorAll(".line-seen")) hidden.removeAttribute("aria-hidden");
  // Of a figure the picture has the words, or, where it is drawn, the figure itself.
  for (const figure of copy.querySelectorAll("figure")) {
    const drawings = [...figure.querySelectorAll("svg[role=img][aria-label]")].map((svg) => svg.ariaLabel);
    if (drawings.length) figure.ariaLabel = drawings.join(" ");
    else figure.role = "none";
  }

  const dropped = `script, noscript, button, select, dialog, .headerlink, .viewcode-link,
    .you-are-here, .downloads, .language-offer, .breaker, #spot-the-slip .admonition, mjx-assistive-mml, .lines-spoken, .lines-bar, .lines-verdict,
    .attempt-elsewhere, .attempt-reply, .explorer-room, .live, details:not([open]), wbr:not(.line wbr),
    .slips .bar, .slips .foot, .slips .answer`;
  for (const element of copy.querySelectorAll(dropped)) element.remove();
  for (const box of copy.querySelectorAll(".attempts")) if (!box.querySelector("p")) box.remove();

  // Solutions stand at the end of the book, and so does what the slip was.
  const onPage = say("Solution on page");
  const solutions = [];
  function moveToTheEnd(solution, place) {
    const link = document.createElement("p");
    link.className = "to-solution";
    link.innerHTML = `<a class="internal on-page" href="#${solution.id}">${onPage} </a>`;
    place.replaceWith(link);
    solutions.push(solution);
  }
  const slips = copy.querySelector(".slips:has(.chain)");
  if (slips) {
    article.querySelector(".slips .show").click();
    await new Promise((done) => setTimeout(done, 500));
    await MathJax.startup.promise;
    const answer = article.querySelector(".slips .answer").cloneNode(true);
    answer.id = "the-slip";
    answer.className = "solution admonition";
    answer.prepend(Object.assign(document.createElement("p"), { className: "admonition-title", textContent: say("Solution to the slip") }));
    for (const twice of answer.querySelectorAll("mjx-assistive-mml")) twice.remove();
    const place = document.createElement("p");
    slips.after(place);
    moveToTheEnd(answer, place);
  }
  for (const solution of copy.querySelectorAll(".solution")) {
    solution.classList.remove("toggle-hidden");
    moveToTheEnd(solution, solution);
  }

  // Where the words of the glossary are explained, else met first.
  const plain = (text) => text.replace(/[‘’]/g, "'").replace(/\s+/g, " ").trim().toLowerCase();
  const mentions = [];
  const blocks = [...copy.querySelectorAll("section p, section li, figcaption")].map((block) => [block, plain(block.textContent)]);
  const stressed = [...copy.querySelectorAll("section em")].map((word) => [word, plain(word.textContent)]);
  for (const [term, pattern] of terms) {
    const word = new RegExp(pattern, "u");
    const whole = new RegExp(`^${pattern}$`, "u");
    const defined = stressed.find(([, text]) => whole.test(text));
    const found = defined ?? blocks.find(([, text]) => word.test(text));
    if (!found) continue;
    found[0].id ||= `mention-${mentions.length}`;
    mentions.push([term, named(found[0].id), Boolean(defined)]);
  }

  // The title's own id is the page's.
  const root = document.createElement("div");
  root.append(copy, ...solutions);
  root.querySelectorAll("mjx-container").forEach(picture);
  for (const element of root.querySelectorAll("*")) {
    if (element.id) element.id = named(element.id);
    for (const { name, value } of [...element.attributes]) {
      if (/^(xlink:)?href$/.test(name)) {
        const [file, anchor] = value.split("#");
        const target = file.replace(/\.html$/, "");
        if (element.localName !== "a") {
          if (!file) element.setAttribute(name, `#${named(anchor)}`);
        } else if (!file) element.setAttribute(name, anchor ? `#${named(anchor)}` : `#${page}`);
        else if (pages.includes(target)) element.setAttribute(name, anchor ? `#${target}--${anchor}` : `#${target}`);
        else if (!/^(https?|mailto):/.test(value)) element.removeAttribute(name);
      } else if (value.includes("url(#")) element.setAttribute(name, value.replace(/url\(#/g, `url(#${page}--`));
      else if (/^(aria-(labelledby|describedby|controls)|for)$/.test(name)) element.removeAttribute(name);
      else if (name === "src") element.src = new URL(value, document.baseURI).href;
    }
  }
  copy.id = page;
  copy.className = "bd-article";
  const title = copy.querySelector("h1");
  const heading = title.textContent;
  if (page === pages[0]) title.textContent = say("About this book");
  // A section may begin at a page's foot and its heading overleaf: links lead to the heading.
  const headings = [...copy.querySelectorAll("section > :is(h2, h3, h4)")];
  for (const heading of headings) {
    const section = heading.parentElement;
    if (section.id) heading.id = section.id;
    section.removeAttribute("id");
  }
  const contents = headings.filter((h) => h.localName === "h2").map((h) => [h.id, h.innerHTML]);
  for (const heading of headings) heading.prepend(...heading.parentElement.querySelectorAll(":scope > span[id]:empty"));
  return {
    html: copy.outerHTML,
    title: title.innerHTML,
    heading,
    running: title.textContent,
    contents,
    mentions,
    terms: [...copy.querySelectorAll("dl.glossary dt")].map((term) => [term.textContent, term.id]),
    styles: [...document.querySelectorAll("link[rel=stylesheet]")].map((sheet) => sheet.href),
    mathjax: document.getElementById("MJX-SVG-styles")?.outerHTML ?? "",
    solutions: solutions.map((solution) => solution.outerHTML).join("\n"),
  };
};
