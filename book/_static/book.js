// A box whose content is wider scrolls sideways. It then says so, can be reached by keyboard, and fades where it is cut
// (book.css, classes `cut-left` and `cut-right`).
(() => {
  const BOXES =
    ".cell_output .text_html, .pst-scrollable-table-container, div.math, mjx-container[display], .highlight pre, " +
    ".bd-content figure:has(img.sheet), .bd-content figure:has(img.wide)";

  const look = (box) => {
    const more = box.scrollWidth - box.clientWidth;
    const scrolls = more > 1 && getComputedStyle(box).overflowX !== "visible";
    box.classList.toggle("cut-left", scrolls && box.scrollLeft > 1);
    box.classList.toggle("cut-right", scrolls && box.scrollLeft < more - 1);
    if (scrolls === box.hasAttribute("data-scrolls")) return;
    box.toggleAttribute("data-scrolls", scrolls);
    for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", "scrolls sideways"]])
      if (scrolls) box.setAttribute(name, value);
      else box.removeAttribute(name);
  };

  const watch = () => {
    const sizes = new ResizeObserver((seen) => seen.forEach(({ target }) => look(target.closest("[data-watched]"))));
    for (const box of document.querySelectorAll(BOXES)) {
      if (box.hasAttribute("data-watched")) continue;
      box.setAttribute("data-watched", "");
      box.addEventListener("scroll", () => look(box), { passive: true });
      sizes.observe(box);
      for (const inner of box.children) sizes.observe(inner);
      look(box);
    }
  };

  const start = () => {
    watch();
    // Formulas become boxes only when MathJax has set them
    window.MathJax?.startup?.promise?.then(watch);
    addEventListener("load", () => window.MathJax?.startup?.promise?.then(watch));
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
