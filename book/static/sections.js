// Under each result of the search: the sections that have the words, and a line of each.
"use strict";

(() => {
  const SECTIONS = 3; // at most, under one result
  const AROUND = 90; // characters before and after the word

  const plain = text => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").normalize("NFC");

  // 'likelihoods' finds 'likelihood': the beginning of a word is enough.
  const stem = word => (word.length > 4 ? word.replace(/(ies|es|s|ing|ed)$/, "") : word);

  function patternOf(query) {
    // The search of a Korean page takes the particles off the words.
    const split = typeof wordsOf === "function" ? wordsOf : text => text.match(/[\p{L}\p{N}]+/gu) ?? [];
    const roots = [...new Set(split(plain(query)).map(stem))].filter(root => root.length > 1);
    // A Korean word may be written together with the one before it.
    const before = root => (/[가-힣]/.test(root) ? "" : "(?<![\\p{L}\\p{N}])");
    return roots.map(root => new RegExp(before(root) + root, "gu"));
  }

  function score([, title, text], patterns) {
    let found = 0;
    for (const pattern of patterns) {
      const inTitle = plain(title).match(pattern)?.length ?? 0;
      const inText = plain(text).match(pattern)?.length ?? 0;
      if (inTitle + inText) found += 100 + 20 * inTitle + Math.min(inText, 9);
    }
    return found;
  }

  function lineOf(text, patterns) {
    const folded = plain(text);
    const places = patterns.map(p => folded.search(p)).filter(place => place >= 0);
    const line = document.createElement("p");
    if (!places.length) return line;
    const place = Math.min(...places);
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

  function open(result, patterns, done) {
    const link = result.querySelector("a");
    const [page, anchor] = (link?.getAttribute("href") ?? "").split("#");
    const name = page.replace(/\.html.*$/, "");
    const all = window.bookSections[name];
    if (!all) return;
    if (anchor) {
      const own = all.find(([id]) => id === anchor);
      if (own) result.append(lineOf(own[2], patterns));
      return;
    }
    if (done.has(name)) return;
    done.add(name);
    const best = all
      .map(section => [score(section, patterns), section])
      .filter(([points]) => points > 0)
      .sort((a, b) => b[0] - a[0])
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
    if (best.length) result.append(list);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const results = document.getElementById("search-results");
    const query = new URLSearchParams(location.search).get("q");
    if (!results || !query) return;
    const patterns = patternOf(query);
    if (!patterns.length) return;
    const done = new Set();
    const look = () => {
      for (const result of results.querySelectorAll("ul.search > li:not([data-opened])")) {
        result.dataset.opened = "";
        open(result, patterns, done);
      }
    };
    new MutationObserver(look).observe(results, { childList: true, subtree: true });
    look();
  });
})();
