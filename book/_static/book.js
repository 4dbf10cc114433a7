// A box whose content is wider scrolls sideways. It then says so, can be reached by keyboard, and fades where it is cut
// (book.css, classes `cut-left` and `cut-right`). A figure that a phone would shrink until its labels cannot be read
// stays larger, in such a box.
(() => {
  const LEAST = 0.75; // of the nominal size of a figure, at which its labels have about 9 pixels

  const BOXES =
    ".cell_output .text_html, .pst-scrollable-table-container, div.math, mjx-container[display], .highlight pre, " +
    ".bd-content figure .scroller";

  const look = (box) => {
    const more = box.scrollWidth - box.clientWidth;
    const scrolls = more > 1 && getComputedStyle(box).overflowX !== "visible";
    box.classList.toggle("cut-left", scrolls && box.scrollLeft > 1);
    box.classList.toggle("cut-right", scrolls && box.scrollLeft < more - 1);
    if (scrolls === box.hasAttribute("data-scrolls")) return;
    box.toggleAttribute("data-scrolls", scrolls);
    for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", "scrolls sideways"]])
      if (scrolls) box.setAttribute(name, value);
      else if (name !== "tabindex" || !box.matches("mjx-container")) box.removeAttribute(name); // MathJax has its own
  };

  const enlarge = (image) => {
    const room = image.closest("figure").clientWidth;
    if (!image.naturalWidth || !room) return;
    const small = room < LEAST * image.naturalWidth;
    image.classList.toggle("wide", small);
    image.style.width = small ? `${LEAST * image.naturalWidth}px` : "";
  };

  /* The image, not its caption, scrolls. */
  const wrap = (image) => {
    const shown = image.closest("a, picture") ?? image;
    const box = Object.assign(document.createElement("div"), { className: "scroller" });
    shown.replaceWith(box);
    box.append(shown);
  };

  const figures = () => {
    document.querySelectorAll(".bd-content figure img").forEach(wrap);
    for (const image of document.querySelectorAll('.bd-content figure img[src$=".svg"]:not(.sheet, .still)')) {
      image.addEventListener("load", () => enlarge(image));
      addEventListener("resize", () => enlarge(image));
      enlarge(image);
    }
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
    figures();
    watch();
    // Formulas become boxes only when MathJax has set them
    window.MathJax?.startup?.promise?.then(watch);
    addEventListener("load", () => window.MathJax?.startup?.promise?.then(watch));
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();

// Animations can be stopped: a still of their first picture covers them.
addEventListener("load", () => {
  for (const image of document.querySelectorAll('.bd-content img[src$=".gif"]')) {
    const still = document.createElement("canvas");
    const button = document.createElement("button");
    const pause = (paused) => {
      if (paused) {
        [still.width, still.height] = [image.naturalWidth, image.naturalHeight];
        still.getContext("2d").drawImage(image, 0, 0);
        still.style.width = `${image.clientWidth}px`;
      }
      image.hidden = paused;
      still.hidden = !paused;
      button.textContent = paused ? "Play" : "Pause";
    };
    still.setAttribute("role", "img");
    still.setAttribute("aria-label", image.alt);
    button.type = "button";
    button.className = "btn btn-sm btn-outline-secondary pause";
    button.addEventListener("click", () => pause(!image.hidden));
    (image.closest("picture") || image).after(still, button);
    pause(false);
  }
});
