// Small repairs of the theme's markup, for keyboards and screen readers.
"use strict";

function nameOf(box) {
  if (box.matches("mjx-container, .derivation div, .beside div")) return say("formula");
  return box.matches("pre") ? say("code") : say("table");
}

// What scrolls sideways must be reachable by keyboard, and say what it is.
function openScrollersToTheKeyboard() {
  const boxes = document.querySelectorAll(
    "div.math mjx-container, div.highlight pre, .cell_output pre, .pst-scrollable-table-container, table.derivation div, .beside div"
  );
  for (const box of boxes) {
    if (box.scrollWidth > box.clientWidth + 1) {
      box.tabIndex = 0;
      if (!box.hasAttribute("role")) {
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", nameOf(box));
      }
    }
  }
}

// The theme's roles that contradict their elements.
function mendRoles() {
  for (const entry of document.querySelectorAll(".citation-list, .citation")) {
    entry.removeAttribute("role");
  }
  const sidebar = document.querySelector(".bd-sidebar-primary");
  sidebar?.setAttribute("role", "complementary");
  sidebar?.setAttribute("aria-label", say("Chapters"));
}

// 'Solution to Exercise 4.1': the space between is no part of the link.
function mendSolutions() {
  for (const link of document.querySelectorAll(".solution > .admonition-title > a")) {
    link.before(" ");
    link.firstChild.textContent = link.firstChild.textContent.trimStart();
  }
}

window.addEventListener("load", () => {
  mendRoles();
  mendSolutions();
  openScrollersToTheKeyboard();
  window.addEventListener("resize", openScrollersToTheKeyboard);
  // MathJax draws after the page has loaded.
  window.MathJax?.startup?.promise?.then(openScrollersToTheKeyboard);
});
