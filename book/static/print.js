// On paper: print.css is fitted to while the screen still measures, and taken back after.
"use strict";

(() => {
  const SHORT = 60; // characters of an address

  // Each line of code in an element of its own, which can be set in where it goes on below.
  function splitLines(pre) {
    if (pre.querySelector(".code-line")) return;
    const lines = [document.createElement("span")];
    for (const node of [...pre.childNodes]) {
      const parts = node.nodeType === Node.TEXT_NODE ? node.data.split(/(?<=\n)/) : [node];
      for (const part of parts) {
        lines.at(-1).append(part);
        if (String(part).endsWith("\n")) lines.push(document.createElement("span"));
      }
    }
    for (const line of lines) line.className = "code-line";
    pre.replaceChildren(...lines.filter((line) => line.hasChildNodes()));
  }

  // Where a link leads, unless its own words say so.
  function shortAddress({ href, textContent }) {
    const address = href.replace(/^https?:\/\/(www\.)?/, "").replace(/\/$/, "");
    if (textContent.includes(address)) return null;
    return address.length > SHORT ? `${address.slice(0, SHORT)}…` : address;
  }

  function prepare() {
    document.querySelectorAll("article pre").forEach(splitLines);
    for (const link of document.querySelectorAll('article a[href^="http"]')) {
      const address = shortAddress(link);
      if (address) link.dataset.leads = address;
    }
  }

  const sheet = document.getElementById("print-sheet");
  const { dataset } = document.documentElement;
  let theme;

  addEventListener("beforeprint", () => {
    if (theme !== undefined) return;
    theme = dataset.theme;
    dataset.theme = "light";
    prepare();
    sheet.media = "all";
    window.lines?.fit();
  });
  addEventListener("afterprint", () => {
    if (theme === undefined) return;
    dataset.theme = theme;
    theme = undefined;
    sheet.media = "print";
    window.lines?.fit();
  });
})();
