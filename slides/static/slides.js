// What the calls in a deck draw, each in the place of its script: see from_book.py.
"use strict";

window.slides = (() => {
  function put(element) {
    document.currentScript.replaceWith(element);
  }

  function box(className, ...children) {
    const made = document.createElement("div");
    made.className = className;
    made.append(...children);
    return made;
  }

  function numbered(number) {
    return number ? [box("eqno", `(${number})`)] : [];
  }

  function formula({ number, lines: parts }) {
    put(box("lines-display", lines.display({ lines: parts }), ...numbered(number)));
  }

  // The list of reasons, if there is one, stands right above the script. First comes a line,
  // then its reason: so a class can be asked for it.
  function derivation({ number, lines: rows, first, wide }) {
    const list = document.currentScript.previousElementSibling;
    const told = list?.localName === "ol" ? [...list.children] : [];
    const head = box("lines-head", ...numbered(number));
    const figure = lines.figure({ lines: rows, reasons: told.map((item) => [...item.childNodes]), head });
    [...figure.querySelectorAll(".lines-row")].forEach((row, i) => {
      row.removeAttribute("tabindex");
      row.querySelector(".lines-number").textContent = first + i;
      if (told.length === 0) return;
      for (const part of row.children) {
        part.classList.add("fragment");
        part.dataset.fragmentIndex = 2 * i + part.classList.contains("lines-reason");
      }
    });
    if (told.length) list.remove();
    else figure.classList.add("without-reasons");
    if (wide) figure.classList.add("wide");
    // lines.css knows the lines of an article
    put(box("bd-article", figure));
  }

  function mended({ lines: [wrong, right] }) {
    const row = (kind, word, { sign, right: side, says }) =>
      box(`mended-${kind}`, box("mended-word", word), lines.formula(side, { sign, says }));
    put(box("mended", row("wrong", say("wrong"), wrong), row("right", say("right"), right)));
  }

  // A slider that keeps the focus after a mouse has moved it takes the keys of a clicker. With
  // the Tab key it still gets them; Escape gives them back.
  function giveTheKeysBack() {
    if (document.activeElement?.matches(".live :is(input, button)")) document.activeElement.blur();
  }
  window.addEventListener("pointerup", () => setTimeout(giveTheKeysBack));
  window.addEventListener("keydown", (event) => event.key === "Escape" && giveTheKeysBack());

  // reveal.js calls itself an application, and a page's main part may not stand in one: it is
  // the main part itself, with the number of the slide.
  window.addEventListener("load", () => {
    document.querySelector(".slides").removeAttribute("role");
    document.querySelector(".reveal").setAttribute("role", "main");
  });

  return { formula, derivation, mended };
})();
