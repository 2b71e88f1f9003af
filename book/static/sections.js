// The search's results: in what order the pages come, and under each the sections that have
// the words, with a line of each.
"use strict";

(() => {
  const SECTIONS = 3; // at most, under one result
  const AROUND = 90; // characters before and after the word

  const plain = text => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").normalize("NFC");

  // 'likelihoods' finds 'likelihood': the beginning of a word is enough.
  const stem = word => (word.length > 4 ? word.replace(/(i[sz])(e|es|ed|ing|ations?)$|(ies|es|s|ing|ed)$/, "$1") : word);

  // A root in all spellings of `respelled`, which sections.py writes.
  const spelled = root => root.replace(/(?<=\w{3}i|\w{2}y)[sz](?=$|e|ing|at)/g, "[sz]").replace("parameteri", "paramete?ri");

  function patternOf(query) {
    // The search of a Korean page takes the particles off the words.
    const split = typeof wordsOf === "function" ? wordsOf : text => text.match(/[\p{L}\p{N}]+/gu) ?? [];
    const roots = [...new Set(split(respelled(plain(query))).map(stem))].filter(root => root.length > 1);
    // A Korean word may be written together with the one before it.
    const before = root => (/[가-힣]/.test(root) ? "" : "(?<![\\p{L}\\p{N}])");
    return roots.map(root => new RegExp(before(root) + spelled(root), "gu"));
  }

  function score([, title, text, code], patterns) {
    let found = 0;
    for (const pattern of patterns) {
      const count = text => plain(text).match(pattern)?.length ?? 0;
      const inTitle = count(title);
      const inText = count(text);
      if (inTitle + inText) found += 100 + 20 * inTitle + Math.min(inText, 9);
      else if (count(code)) found += 1;
    }
    return found;
  }

  // A chapter that often has the words comes before one that has them once, and both before
  // what is looked up; the book's order decides the rest.
  function pageScore(name, patterns) {
    const chapter = Number(/^\d\d(?=-)/.exec(name)?.[0] ?? 0);
    const points = window.bookSections[name]?.reduce((sum, section) => sum + score(section, patterns), 0) ?? 0;
    return chapter ? 2 * points + 1 - chapter / 100 : points / 10;
  }

  function lineOf(text, patterns) {
    const folded = plain(text);
    const places = patterns.map(p => folded.search(p)).filter(place => place >= 0);
    const line = document.createElement("p");
    const place = places.length ? Math.min(...places) : 0;
    const from = Math.max(0, text.lastIndexOf(" ", Math.max(0, place - AROUND)) + 1);
    const end = text.indexOf(" ", place + AROUND);
    const part = text.slice(from, end < 0 ? text.length : end);
    const marks = patterns.flatMap(p => [...plain(part).matchAll(p)].map(m => m.index));
    let at = 0;
    line.append(from > 0 ? "… " : "");
    for (const mark of marks.sort((a, b) => a - b)) {
      const word = part.slice(mark).match(/^[\p{L}\p{N}]+/u)?.[0];
      if (mark < at || !word) continue;
      const strong = document.createElement("mark");
      strong.textContent = word;
      line.append(part.slice(at, mark), strong);
      at = mark + word.length;
    }
    line.append(part.slice(at), end < 0 ? "" : " …");
    return line;
  }

  function open(result, patterns, done, met) {
    const link = result.querySelector("a");
    const [page, anchor] = (link?.getAttribute("href") ?? "").split("#");
    const name = page.replace(/\.html.*$/, "");
    const all = window.bookSections[name];
    if (!all) return;
    if (anchor) {
      const own = all.find(([id]) => id === anchor);
      if (own && !link.textContent.includes(own[1])) link.append(`: ${own[1]}`);
      if (own) result.append(lineOf(own[2], patterns));
      met.add(`${name}#${anchor}`);
      return;
    }
    if (done.has(name)) return;
    done.add(name);
    const best = all
      .map(section => [score(section, patterns), section])
      .filter(([points, [id]]) => points > 0 && !met.has(`${name}#${id}`))
      .sort((a, b) => b[0] - a[0])
      // Only in code: where no text has the words.
      .filter(([points], i, [most]) => points >= 100 || most[0] < 100)
      .slice(0, SECTIONS);
    const list = document.createElement("ul");
    list.className = "sections";
    for (const [, [id, title, text]] of best) {
      const item = document.createElement("li");
      const to = document.createElement("a");
      to.href = `${page}#${id}`;
      to.textContent = title;
      item.append(to, lineOf(text, patterns));
      list.append(item);
    }
    if (!best.length) {
      if (all.some(([id]) => met.has(`${name}#${id}`))) result.remove(); // it was said above
      return;
    }
    result.append(list);
    // A word that the page's own title does not have stands further down.
    if (best[0][1] !== all[0]) link.href = `${page}#${best[0][1][0]}`;
  }

  // Sphinx counts '6 page(s)', and some of them twice.
  function count(results) {
    const summary = results.querySelector(".search-summary");
    const hits = results.querySelectorAll("ul.search > li");
    if (!hits.length || !summary?.textContent) return;
    const pages = new Set([...hits].map(hit => hit.querySelector("a").pathname)).size;
    const text = pages === 1 ? say("Found on one page.") : say("Found on {pages} pages.", { pages });
    if (summary.textContent !== text) summary.textContent = text;
  }

  const query = new URLSearchParams(location.search).get("q");
  const patterns = query ? patternOf(query) : [];
  if (!patterns.length) return;

  // Titles and the glossary's terms are compared as they are written: as this book does.
  const parse = Search._parseQuery;
  Search._parseQuery = text => parse(respelled(text.toLowerCase()));
  // What is named by the words comes first; then the pages that have them.
  Scorer.score = ([name, , anchor, , points]) => (anchor ? 1e5 * points : pageScore(name, patterns));

  document.addEventListener("DOMContentLoaded", () => {
    const results = document.getElementById("search-results");
    if (!results) return;
    const done = new Set();
    const met = new Set();
    const look = () => {
      for (const result of results.querySelectorAll("ul.search > li:not([data-opened])")) {
        result.dataset.opened = "";
        open(result, patterns, done, met);
      }
      count(results);
    };
    new MutationObserver(look).observe(results, { childList: true, subtree: true });
    look();
  });
})();
