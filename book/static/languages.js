// The switch between the languages leads to the place that is being read.
"use strict";

(() => {
  const SEEN = "language-offered";

  // A page that was opened from disk may have nothing to remember by.
  function remembered() {
    try {
      return localStorage.getItem(SEEN);
    } catch {
      return null;
    }
  }
  function remember() {
    try {
      localStorage.setItem(SEEN, "yes");
    } catch {
      // It is offered again.
    }
  }

  function keepThePlace(link) {
    const read = [...document.querySelectorAll("article section[id]")].filter(
      (section) => section.getBoundingClientRect().top < innerHeight / 3
    );
    link.hash = scrollY > 100 && read.length ? read.at(-1).id : location.hash;
    remember();
  }

  // On the front page, for whoever reads the other language more readily: an offer, once.
  function offer(link) {
    const languages = [document.documentElement.lang, link.lang];
    const best = navigator.languages?.map((name) => name.slice(0, 2)).find((name) => languages.includes(name));
    if (best !== link.lang || remembered()) return;
    const bar = document.createElement("p");
    bar.className = "language-offer";
    bar.lang = link.lang;
    const there = document.createElement("a");
    there.href = link.href;
    there.textContent = link.dataset.offer;
    there.addEventListener("click", remember);
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = link.dataset.close;
    close.addEventListener("click", () => {
      remember();
      bar.remove();
    });
    bar.append(there, close);
    document.querySelector("article").prepend(bar);
  }

  // What the theme's templates and the scripts of others say in English alone.
  function translate(buttons) {
    for (const button of document.querySelectorAll(buttons)) {
      for (const name of ["title", "data-tooltip", "aria-label"])
        if (button.hasAttribute(name)) button.setAttribute(name, say(button.getAttribute(name)));
      for (const title of button.querySelectorAll("title")) title.textContent = say(title.textContent);
    }
  }
  translate(".sidebar-toggle, nav"); // before the theme makes tooltips of their titles
  addEventListener("load", () => translate(".copybtn, .toggle-button"));

  for (const link of document.querySelectorAll("a.language-switch")) {
    link.addEventListener("click", () => keepThePlace(link));
    if (/\/(index\.html)?$/.test(location.pathname)) offer(link);
  }
})();
