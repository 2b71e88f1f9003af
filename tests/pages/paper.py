"""What a page prints, as PDF, beside what the page holds."""

import re
import unicodedata
from collections import Counter

import numpy as np
import pypdfium2

MARGINS = (19, 18, 19, 17)  # left, bottom, right, top, in mm: print.css
SHAKE = 0.8  # mm: what a slanted letter leans over its box
DPI = 50
TALL = 200  # mm
WHITE = 250

# Of what prints: what is cut or stands out, each line of code and text of a cell, and how
# tall in mm the tallest thing is that does not break.
IN_THE_PAGE = """() => {
    const article = document.querySelector("article");
    // a formula beside its reason, or in a table, has less room than the page
    const columns = "article, .line, .lines-reason, td, th";
    const seen = e => e.checkVisibility({checkVisibilityCSS: true});
    const named = e => `${e.localName}.${e.getAttribute("class") ?? ""}: ` +
        (e.textContent ?? "").trim().slice(0, 60);
    const things = "p, pre, .code-line, td, th, img, canvas, mjx-container, svg, figure";
    const faults = [], texts = [];
    let tallest = 0;
    const unseen = "svg *, mjx-assistive-mml, mjx-assistive-mml *";
    for (const e of article.querySelectorAll(`:not(${unseen})`)) {
        if (!seen(e)) continue;
        const box = e.getBoundingClientRect();
        if (box.width < 2) continue;
        const {left, right} = e.parentElement.closest(columns).getBoundingClientRect();
        if (e.matches(things) && (box.left < left - 1 || box.right > right + 1))
            faults.push(`stands out by ${box.right - right} px: ${named(e)}`);
        const style = getComputedStyle(e);
        const clips = style.overflowX !== "visible" && !(e instanceof SVGElement);
        if (clips && e.clientWidth && e.scrollWidth > e.clientWidth + 1)
            faults.push(`is cut: ${named(e)}`);
        if (style.breakInside === "avoid") tallest = Math.max(tallest, box.height);
        if (e.matches("pre") && !e.querySelector(".code-line"))
            faults.push(`is not in lines: ${named(e)}`);
        if (e.matches(".code-line")) texts.push(e.textContent);
        else if (e.closest("td, th") && !e.closest("pre"))
            for (const n of e.childNodes) if (n.nodeType === 3) texts.push(n.data);
    }
    return {faults, texts, tallest: tallest * 25.4 / 96};
}"""


# Every fold is opened, or closed again.
OPEN_FOLDS = """() => {
    window.folds = [...document.querySelectorAll("article details:not([open])")];
    window.hidden = [...document.querySelectorAll("article .toggle-hidden")];
    for (const e of window.folds) e.open = true;
    for (const e of window.hidden) e.classList.remove("toggle-hidden");
}"""
CLOSE_FOLDS = """() => {
    for (const e of window.folds) e.open = false;
    for (const e of window.hidden) e.classList.add("toggle-hidden");
}"""


def letters(text: str) -> str:
    """A text without what a line's end, a ligature or a hyphen does to it."""
    plain = re.sub("[’ʼ]", "'", unicodedata.normalize("NFKC", text))
    return re.sub(r"[\s\u00ad\u2010\ufffe\x02-]", "", plain)


class Paper:
    """A PDF as its letters, how much of it is inked, and where outside of its margins."""

    def __init__(self, pdf: bytes, margins: tuple[int, ...] = MARGINS):
        self.texts, self.outside = [], []
        inked = []
        document = pypdfium2.PdfDocument(pdf)
        self.pages = len(document)
        for number, page in enumerate(document, start=1):
            ink = np.asarray(page.render(scale=DPI / 72, grayscale=True).to_pil()) < WHITE
            inked.append(ink.mean())
            left, bottom, right, top = (int((mm - SHAKE) / 25.4 * DPI) for mm in margins)
            for name, strip in {
                "left": ink[:, :left], "right": ink[:, -right:],
                "top": ink[:top], "bottom": ink[-bottom:],
            }.items():  # fmt: skip
                if strip.any():
                    self.outside.append(f"page {number}: ink in the {name} margin")
            self.texts.append(letters(page.get_textpage().get_text_bounded()))
        self.text = "".join(self.texts)
        self.ink = float(np.mean(inked))
        document.close()


def print_page(page) -> tuple[list[str], dict[str, Paper]]:
    """What is wrong with a page on paper, all folds open, and its sheets by their size.

    The text is as wide on Letter as on A4: the sheets are printed too where something tall
    may not fit between the page's ends.
    """
    page.evaluate(OPEN_FOLDS)
    try:
        page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        held = page.evaluate(IN_THE_PAGE)
        sizes = ["A4", "Letter"] if held["tallest"] > TALL else ["A4"]
        sheets = {size: Paper(page.pdf(format=size)) for size in sizes}
    finally:  # other tests read this page, too
        page.emulate_media(media="screen")
        page.evaluate(CLOSE_FOLDS)
    faults = held["faults"]
    needed = Counter(filter(None, map(letters, held["texts"])))
    for size, paper in sheets.items():
        lost = [text for text, n in needed.items() if paper.text.count(text) < n]
        faults += [f"{size} lacks {text}" for text in lost]
        faults += [f"{size}, {place}" for place in paper.outside]
    return faults, sheets
