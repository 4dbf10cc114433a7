/* What the explorables of the book share: controls, drawing, and when to draw. CONTRIBUTING says how one is written. */
(() => {
  "use strict";
  const dlnb = (window.dlnb ??= {});
  const here = document.currentScript.src.replace(/[^/]*$/, "");
  let count = 0;
  dlnb.data ??= {};
  dlnb.formulas ??= {};

  dlnb.calm = matchMedia("(prefers-reduced-motion: reduce)"); // .matches: no motion that nobody asked for
  dlnb.range = (n) => Array.from({ length: n }, (_, i) => i);
  dlnb.clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  dlnb.sum = (values) => values.reduce((total, value) => total + value, 0);
  dlnb.mean = (values) => dlnb.sum(values) / values.length;
  dlnb.format = (value, digits = 2) => {
    const text = value.toFixed(digits);
    return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "\u2212");
  };

  /* Numbers in [0, 1) that are the same in every browser (mulberry32). */
  dlnb.random = (seed) => () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };

  /* A script of this folder, loaded once: a promise. */
  const loaded = {};
  dlnb.script = (file) =>
    (loaded[file] ??= new Promise((resolve, reject) => {
      const script = dlnb.make("script", { src: here + file });
      script.onload = resolve;
      script.onerror = () => reject(Error(`${file} cannot be loaded`), delete loaded[file]);
      document.head.append(script);
    }));

  /* From `from` to `to` (arrays of numbers) within half a second; at once for readers who ask for less motion. */
  dlnb.glide = (from, to, set) => {
    if (dlnb.calm.matches) return set(to);
    const begun = performance.now();
    const step = (now) => {
      const t = dlnb.clamp((now - begun) / 500, 0, 1);
      const eased = t * t * (3 - 2 * t);
      set(to.map((end, i) => (t === 1 ? end : from[i] + (end - from[i]) * eased)));
      if (t < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  };

  const set = (node, attributes) => {
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  };
  const DRAWN = new Set("svg g path line rect circle text".split(" "));
  dlnb.make = (tag, attributes = {}, ...children) => {
    const node = DRAWN.has(tag)
      ? document.createElementNS("http://www.w3.org/2000/svg", tag)
      : document.createElement(tag);
    set(node, attributes);
    node.append(...children);
    return node;
  };

  /* The name of a latent, counted from 0. */
  dlnb.latent = (i) => "z" + String(i + 1).replace(/./g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);

  dlnb.scale = ([low, high], [start, end]) => {
    const slope = (end - start) / (high - low);
    const scale = (value) => start + (value - low) * slope;
    return Object.assign(scale, { low, high, start, end, invert: (place) => low + (place - start) / slope });
  };

  dlnb.ticks = (low, high, wanted = 5) => {
    const rough = (high - low) / wanted;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((n) => n * power >= rough * 0.99);
    const first = Math.ceil(low / step - 1e-9);
    return dlnb.range(Math.floor(high / step + 1e-9) - first + 1).map((i) => (first + i) * step);
  };

  /* An axis at the bottom (y = place) or the left (x = place) of a chart, with numbers and a label. */
  dlnb.axis = (add, scale, place, { side = "bottom", label = "", ticks, text } = {}) => {
    const low = side === "bottom";
    ticks ??= dlnb.ticks(scale.low, scale.high);
    text ??= (tick) => String(+tick.toFixed(6)).replace("-", "\u2212");
    const at = (along, across) => (low ? [along, place + across] : [place - across, along]);
    const line = (one, two) => add("line", { class: "axis", x1: one[0], y1: one[1], x2: two[0], y2: two[1] });
    line(at(scale.start, 0), at(scale.end, 0));
    for (const tick of ticks) {
      line(at(scale(tick), 0), at(scale(tick), 5));
      const [x, y] = at(scale(tick), low ? 18 : 8);
      add("text", { x, y: low ? y : y + 4, "text-anchor": low ? "middle" : "end" }, text(tick));
    }
    const [x, y] = at((scale.start + scale.end) / 2, low ? 36 : 40);
    const transform = low ? "" : `rotate(-90 ${x} ${y})`;
    if (label) add("text", { x, y, "text-anchor": "middle", transform }, label);
  };

  /* A bar of a share of 1 below its label and text, perhaps with a mark at another share; 40 pixels high. */
  dlnb.bar = (add, width, y, { label, text, share, fill, mark }) => {
    add("text", { x: 0, y: y + 13 }, label);
    add("text", { x: width, y: y + 13, "text-anchor": "end", class: "number" }, text);
    const place = { x: 0, y: y + 19, height: 12, rx: 2 };
    add("rect", { ...place, width, class: "pale" });
    add("rect", { ...place, width: width * share, fill });
    if (mark !== undefined) add("line", { class: "mark", x1: width * mark, x2: width * mark, y1: y + 16, y2: y + 34 });
  };

  /* A row of a matrix of shares, 26 pixels high; `x`: the scale of columns. */
  dlnb.cells = (add, x, y, shares) =>
    shares.forEach((share, k) => {
      const cell = { x: x(k) + 1, y: y + 1, width: x(1) - x(0) - 2, height: 24 };
      add("rect", { ...cell, fill: "var(--a)", "fill-opacity": 0.04 + 0.8 * share });
      add("text", { x: x(k + 0.5), y: y + 18, "text-anchor": "middle" }, dlnb.format(share));
    });

  /* The path through points [[x, y], ...] given in pixels. */
  dlnb.path = (points) => "M" + points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");

  /* A stage: the live part of one explorable. */
  class Stage {
    constructor(box) {
      this.box = box;
      const told = box.querySelector('script[type="application/json"]');
      this.data = told && JSON.parse(told.textContent);
      this.node = dlnb.make("div", { class: "stage" });
      this.place = this.node;
      this.status = dlnb.make("p", { class: "unseen", role: "status" });
      this.node.append(this.status);
    }

    /* A part of the stage, into which everything that follows is put; `of` is a part already made. */
    part(className, of = this.node, tag = "div") {
      this.place = dlnb.make(tag, { class: className });
      of.append(this.place);
      return this.place;
    }

    put(node) {
      this.place.append(node);
      return node;
    }

    /* A line of text, changed by its .textContent. */
    line(text = "", className = "line") {
      return this.put(dlnb.make("p", { class: className }, text));
    }

    /* What the lines of a chart mean: {text: [colour, dashes]}. */
    legend(lines) {
      const items = Object.entries(lines).map(([text, [stroke, dashes]]) => {
        const line = dlnb.make("line", { class: "curve", x2: 28, y1: 6, y2: 6, stroke, "stroke-dasharray": dashes });
        const mark = dlnb.make("svg", { width: 28, height: 12, "aria-hidden": "true" }, line);
        return dlnb.make("li", {}, mark, text);
      });
      return this.put(dlnb.make("ul", { class: "legend" }, ...items));
    }

    /* Draw soon, once for all changes until then. */
    redraw() {
      this.waiting ??= requestAnimationFrame(() => {
        this.waiting = undefined;
        this.draw();
      });
    }

    /* Tell screen readers what has changed, when it has come to rest. */
    say(text) {
      clearTimeout(this.saying);
      this.saying = setTimeout(() => this.status.textContent === text || (this.status.textContent = text), 500);
    }

    /* A control, the last of `nodes`, with its label. */
    control(label, ...nodes) {
      const node = nodes.at(-1);
      node.id = `dlnb-${++count}`;
      this.put(dlnb.make("div", { class: "control" }, dlnb.make("label", { for: node.id }, label), ...nodes));
      return node;
    }

    /* A slider. `format` makes the text of its value. The control has .value, which may be set. */
    slider(label, { min, max, step, value, format = dlnb.format }) {
      const input = dlnb.make("input", { type: "range", min, max, step });
      const shown = dlnb.make("span", { class: "value", "aria-hidden": "true" }); // aria-valuetext says it
      const show = () => {
        shown.textContent = format(+input.value);
        input.setAttribute("aria-valuetext", shown.textContent);
        this.redraw();
      };
      const control = {
        input,
        get value() {
          return +input.value;
        },
        set value(number) {
          input.value = number;
          show();
        },
      };
      control.value = value;
      input.addEventListener("input", show);
      this.control(label, shown, input);
      return control;
    }

    /* One choice of a few, all seen at once: {value: text}. */
    radio(label, choices, value) {
      const name = `dlnb-${++count}`;
      const buttons = Object.entries(choices).map(([key, text]) => {
        const input = dlnb.make("input", { type: "radio", name, value: key, ...(key === value && { checked: "" }) });
        input.addEventListener("change", () => this.redraw());
        return dlnb.make("label", {}, input, dlnb.make("span", {}, text));
      });
      const node = dlnb.make("fieldset", { class: "radio" }, dlnb.make("legend", {}, label), ...buttons);
      this.put(node);
      return {
        get value() {
          return node.querySelector(":checked").value;
        },
        set value(key) {
          node.querySelector(`[value="${key}"]`).click();
        },
      };
    }

    /* One choice of many, in a list that folds out: {value: text}. */
    select(label, choices, value) {
      const options = Object.entries(choices).map(([key, text]) => dlnb.make("option", { value: key }, text));
      const select = dlnb.make("select", {}, ...options);
      select.value = value ?? Object.keys(choices)[0];
      select.addEventListener("change", () => this.redraw());
      return this.control(label, select);
    }

    button(label, action) {
      const button = dlnb.make("button", { type: "button" }, label);
      button.addEventListener("click", () => {
        action();
        this.redraw();
      });
      return this.put(button);
    }

    /* An SVG as wide as its place, so that its letters keep their size. `height` is in pixels, or a function of the
       width. chart.clear() empties it, measures it, and returns add(tag, attributes, ...children), which draws. */
    chart(label, height) {
      const svg = this.put(dlnb.make("svg", { class: "chart", role: "img", "aria-label": label }));
      const chart = { svg, handle: null };
      chart.clear = () => {
        chart.width = Math.max(svg.clientWidth, 40);
        chart.height = typeof height === "function" ? height(chart.width) : height;
        svg.setAttribute("viewBox", `0 0 ${chart.width} ${chart.height}`);
        svg.style.height = `${chart.height}px`;
        svg.replaceChildren(...(chart.handle ? [chart.handle] : []));
        return (tag, attributes, ...children) => {
          const node = dlnb.make(tag, attributes, ...children);
          svg.insertBefore(node, chart.handle);
          return node;
        };
      };
      return chart;
    }

    /* Let a reader move a dot over a chart by mouse, touch or arrow keys. chart.x and chart.y are its scales, set when
       it is drawn; `move(x, y)` is called with the new place and `at()` returns the present one, both in their units;
       `text(x, y)` says it in words. The page still scrolls when a finger starts beside the dot. */
    pad(chart, label, { at, move, text }) {
      const { svg } = chart;
      chart.handle = dlnb.make("g", { class: "handle" });
      chart.handle.append(dlnb.make("circle", { r: 22, class: "grip" }), dlnb.make("circle", { r: 7, class: "dot" }));
      set(svg, { role: "slider", tabindex: 0, "aria-label": label });
      svg.classList.add("pad");
      const go = (x, y) => {
        const within = ({ low, high }, value) => dlnb.clamp(value, Math.min(low, high), Math.max(low, high));
        move(within(chart.x, x), within(chart.y, y));
        this.redraw();
      };
      const follow = (event) => {
        const frame = svg.getBoundingClientRect();
        go(chart.x.invert(event.clientX - frame.left), chart.y.invert(event.clientY - frame.top));
      };
      svg.addEventListener("pointerdown", (event) => {
        if (event.pointerType === "touch" && !event.target.closest(".handle"))
          return svg.releasePointerCapture(event.pointerId);
        svg.setPointerCapture(event.pointerId);
        svg.focus({ preventScroll: true });
        event.preventDefault();
        follow(event);
      });
      svg.addEventListener("pointermove", (event) => svg.hasPointerCapture(event.pointerId) && follow(event));
      svg.addEventListener("touchstart", (event) => event.target.closest(".handle") && event.preventDefault());
      svg.addEventListener("click", follow);
      svg.addEventListener("keydown", (event) => {
        const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
        if (x === undefined) return;
        event.preventDefault();
        const size = event.shiftKey ? 0.1 : 0.02; // of the width and the height, as seen on the screen
        const step = (scale, value, sign) =>
          scale.invert(scale(value) + sign * size * Math.abs(scale.end - scale.start));
        const [left, top] = at();
        go(step(chart.x, left, x), step(chart.y, top, y));
      });
      /* To be called last when the chart is drawn. */
      chart.settle = () => {
        const [x, y] = at();
        chart.handle.setAttribute("transform", `translate(${chart.x(x)} ${chart.y(y)})`);
        const [min, max] = [chart.x.low, chart.x.high];
        set(svg, { "aria-valuemin": min, "aria-valuemax": max, "aria-valuenow": x, "aria-valuetext": text(x, y) });
      };
    }
  }

  const styled = new Promise((resolve) => {
    const link = dlnb.make("link", { rel: "stylesheet", href: `${here}explorables.css` });
    link.onload = link.onerror = resolve;
    document.head.append(link);
  });

  dlnb.explorable = async (name, start, scripts = []) => {
    await Promise.all([styled, ...scripts.map(dlnb.script)]);
    for (const box of document.querySelectorAll(`.explorable[data-name="${name}"]:not(.live)`)) {
      const stage = new Stage(box);
      box.querySelector(".still").after(stage.node);
      box.classList.add("live"); // from here on the still is hidden on the screen, though not in print
      stage.draw = start(stage);
      stage.draw();
      let width = stage.node.clientWidth;
      new ResizeObserver(() => {
        if (width !== stage.node.clientWidth) stage.redraw();
        width = stage.node.clientWidth;
      }).observe(stage.node);
    }
  };
})();
