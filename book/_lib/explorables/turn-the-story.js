/* One data set, two stories about it: Theorem 1 in the plane, as in dlnb.lessons.theorem.

   A code z with independent coordinates of one distribution (the prior) is mapped to the other story's code by the
   proof's f = g^-1 h^-1 A h g: g makes each coordinate uniform, h makes it normal, A turns by an angle. w is h(g(z)), a
   point of a standard normal distribution; g(z) is where the heart stands in the picture. */
(() => {
  "use strict";
  const { axis, clamp, format, path, random, range, scale } = dlnb;

  /* The normal distribution. */
  const density = (x) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  const cdf = (x) => {
    if (x > 0) return 1 - cdf(-x);
    if (x < -3) {
      let fraction = -x; // the continued fraction of the tail: x + 1 / (x + 2 / (x + ...))
      for (let k = 60; k > 0; k--) fraction = -x + k / fraction;
      return density(x) / fraction;
    }
    let [sum, term] = [x, x]; // x + x^3/3 + x^5/15 + ...
    for (let k = 3; Math.abs(term) > 1e-17; k += 2) sum += term *= (x * x) / k;
    return 0.5 + density(x) * sum;
  };
  const quantile = (p) => {
    if (p > 0.5) return -quantile(1 - p);
    p = Math.max(p, 1e-17);
    let x = -Math.sqrt(Math.max(-2 * Math.log(2 * p), 0)) * 0.9; // near enough for Halley's steps
    for (let k = 0; k < 8; k++) {
      const error = (cdf(x) - p) / density(x);
      x -= error / (1 + 0.5 * x * error);
    }
    return x;
  };

  /* The map: for each prior from z to w and back, and the slope dw / dz. */
  const PRIORS = {
    uniform: { into: quantile, out: cdf, slope: (z) => 1 / density(quantile(z)), show: [0, 1] },
    normal: { into: (z) => z, out: (w) => w, slope: () => 1, show: [-2.6, 2.6] },
    exponential: {
      into: (z) => -quantile(Math.exp(-z)),
      out: (w) => -Math.log(cdf(-w)),
      slope: (z) => Math.exp(-z) / density(quantile(Math.exp(-z))),
      show: [0, 5.2],
    },
  };
  const turned = (degrees, [x, y]) => {
    const [cos, sin] = [Math.cos, Math.sin].map((f) => f((degrees * Math.PI) / 180));
    return [cos * x - sin * y, sin * x + cos * y];
  };
  const map = (prior, degrees, z) => turned(degrees, z.map(PRIORS[prior].into)).map(PRIORS[prior].out);
  /* d f_i / d z_j at z, by the chain rule. */
  const jacobian = (prior, degrees, z) => {
    const { slope } = PRIORS[prior];
    const [a, b] = [turned(degrees, [1, 0]), turned(degrees, [0, 1])];
    const before = z.map(slope);
    const row = (after, i) => [a[i] * before[0], b[i] * before[1]].map((up) => up / slope(after));
    return map(prior, degrees, z).map(row);
  };

  /* The heart of dSprites, in pixels of a picture of 64, around its place. */
  const HEART = range(60).map((i) => {
    const t = (i * Math.PI) / 30;
    const curve = 13 * Math.cos(t) - 5 * Math.cos(2 * t) - 2 * Math.cos(3 * t) - Math.cos(4 * t);
    return [0.8 * 9.5928 * Math.sin(t) ** 3, 0.8 * (-0.66231 * curve - 1.4358)];
  });
  dlnb.formulas["turn-the-story"] = { cdf, quantile, map, jacobian, HEART };

  const OLD = [0, 1].map(dlnb.latent);
  const NEW = ["ẑ₁", "ẑ₂"];
  const COLOURS = ["var(--a)", "var(--b)", "var(--c)", "var(--d)"]; // of z₁, z₂, ẑ₁, ẑ₂
  const STEPS = ["g: uniform", "h: normal", "A: turned", "h⁻¹: uniform", "g⁻¹: the prior"];
  const BANDS = 8; // of colour, by z₁
  const heart = `${path(HEART)}Z`;
  const next = random(1);
  const POINTS = range(700).map(() => [next(), next()].map(quantile)); // w
  const bands = range(BANDS).map((band) => POINTS.filter((w) => Math.floor(cdf(w[0]) * BANDS) === band));

  const said = (names, point) => names.map((name, i) => `${name} ${format(point[i])}`).join(", ");

  dlnb.explorable("turn-the-story", (stage) => {
    let w = [0.3, 0.65].map(quantile); // the dot
    stage.part("controls");
    const angle = stage.slider("angle", { min: 0, max: 180, step: 1, value: 45, format: (a) => `${a}°` });
    angle.input.parentNode.classList.add("wide");
    const names = Object.fromEntries(Object.keys(PRIORS).map((name) => [name, name]));
    const prior = stage.radio("prior of each coordinate", names, "uniform");

    const stories = stage.part("stories");
    const panel = (className, title, label) => {
      stage.part(className, stories);
      stage.line(title, "title");
      const chart = stage.chart(label, (width) => width);
      chart.line = stage.line("", "below");
      return chart;
    };
    const first = panel("story", "Story one", "The cloud of codes z, with the dot");
    const picture = panel("seen", "The picture", "The picture");
    const second = panel("story", "Story two", "The same codes after the map f, with the dot");
    picture.line.textContent = "Drag heart or dots.";
    const strips = stage.part("halves");
    const strip = (names, story) => {
      stage.part("half", strips);
      stage.line(`Move ${names.join(" or ")} alone`, "title");
      const label = `Two rows of seven pictures: ${names.join(" or ")} of ${story} moves, the other stays`;
      return stage.chart(label, (width) => (2 * (width - 30)) / 7 + 4);
    };
    const ones = strip(OLD, "story one");
    const twos = strip(NEW, "story two");
    stage.part("shares");
    const bars = stage.chart("Bars: which old coordinate moves which new one", 62);
    const steps = stage.part("steps", stage.node, "details");
    stage.put(dlnb.make("summary", {}, "The steps from z to ẑ"));
    const chain = stage.part("chain", steps);
    const small = STEPS.map((title) => {
      stage.part("step", chain);
      const chart = stage.chart(`The cloud after the step ${title}`, (width) => width);
      stage.line(title);
      return chart;
    });
    steps.addEventListener("toggle", () => stage.redraw());

    const into = (value) => PRIORS[prior.value].into(value);
    const out = (value) => PRIORS[prior.value].out(value);
    const place = (point) => point.map(cdf); // of the heart, from w
    /* Within a circle, so that no turn takes the dot out. */
    const hold = (point) => {
      const finite = point.map((each) => clamp(each, -9, 9));
      const far = Math.max(Math.hypot(...finite) / 2.5, 1);
      return finite.map((each) => each / far);
    };
    const turn = (point, sign = 1) => turned(sign * angle.value, point);

    stage.pad(first, "Dot in story one", {
      at: () => w.map(out),
      move: (...z) => (w = hold(z.map(into))),
      text: (...z) => said(OLD, z),
    });
    stage.pad(picture, "Place of the heart", {
      at: () => place(w),
      move: (...u) => (w = hold(u.map(quantile))),
      text: (x, y) => `${format(x)} from the left, ${format(y)} from the top`,
    });
    stage.pad(second, "Dot in story two", {
      at: () => turn(w).map(out),
      move: (...z) => (w = turn(hold(z.map(into)), -1)),
      text: (...z) => said(NEW, z),
    });

    /* The lines along which the coordinates of a story move, through its dot, in w of that story. */
    const line = (centre, i) => range(161).map((k) => centre.map((each, j) => (i === j ? -4 + k / 20 : each)));
    const lines = (centre) => [line(centre, 0), line(centre, 1)];

    const cloud = (chart, to, move, show, margin, size) => {
      const add = chart.clear();
      chart.x = scale(show, [margin, chart.width - 4]);
      chart.y = scale(show, [4, chart.height - margin]); // downwards, as in the pictures
      const at = (point) => [chart.x(to(point[0])), chart.y(to(point[1]))];
      const inside = ([x, y]) => x >= margin && x <= chart.width - 4 && y >= 4 && y <= chart.height - margin;
      bands.forEach((band, i) => {
        const dots = band.map((point) => at(move(point))).filter(inside);
        const colour = `color-mix(in oklab, var(--a) ${22 + (78 * i) / (BANDS - 1)}%, var(--card))`;
        const d = dots.map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}h0`).join("");
        add("path", { d, stroke: colour, "stroke-width": size, "stroke-linecap": "round" });
      });
      const [width, height] = [chart.width - 4 - margin, chart.height - 4 - margin];
      add("rect", { x: margin, y: 4, width, height, class: "frame" });
      return { add, at, inside };
    };

    /* The clouds, and the ways along which each coordinate of either story moves the dot. */
    const drawStory = (chart, own, show) => {
      const { add, at, inside } = cloud(chart, out, own ? turn : (point) => point, show, 24, 3.2);
      const [one, two] = [lines(w), lines(turn(w))];
      const turnAll = (some, sign) => some.map((points) => points.map((point) => turn(point, sign)));
      const all = own ? [...turnAll(one, 1), ...two] : [...one, ...turnAll(two, -1)];
      const ways = all.map((way) => way.map(at).filter(inside));
      ways.forEach((way, i) => add("path", { d: path(way), stroke: COLOURS[i], class: "way" }));
      ways.forEach((way, i) => {
        /* Names: far ends of this story's own lines, near ends of the other's. */
        const end = i < 2 === own ? way[0] : way[way.length - 1];
        const [x, y] = [clamp(end[0], 34, chart.width - 14), clamp(end[1], 18, chart.height - 32)];
        const style = `fill: ${COLOURS[i]}`;
        add("text", { x, y, style, "text-anchor": "middle", class: "number" }, [...OLD, ...NEW][i]);
      });
      const ticks = dlnb.ticks(...show, 3);
      axis(add, chart.x, chart.height - 24, { ticks });
      axis(add, chart.y, 24, { side: "left", ticks });
      chart.settle();
    };

    const drawPicture = () => {
      const add = picture.clear();
      const unit = picture.width / 64;
      picture.x = scale([0, 1], [16 * unit, 48 * unit]);
      picture.y = picture.x;
      const [x, y] = place(w);
      add("rect", { width: picture.width, height: picture.width, class: "black" });
      add("path", { d: heart, class: "white", transform: `translate(${picture.x(x)} ${picture.y(y)}) scale(${unit})` });
      picture.settle();
    };

    const drawStrip = (chart, names, colours, centre, back) => {
      const add = chart.clear();
      const side = (chart.width - 30) / 7;
      const [low, high] = [0.05, 0.95].map((p) => out(quantile(p)));
      for (const i of [0, 1]) {
        add("text", { x: 0, y: (i + 0.5) * (side + 4) + 3, style: `fill: ${colours[i]}`, class: "number" }, names[i]);
        for (const k of range(7)) {
          const moved = centre.map((each, j) => (i === j ? into(low + ((high - low) * k) / 6) : each));
          const [x, y] = place(back(moved));
          const corner = `translate(${30 + k * side} ${i * (side + 4)})`;
          const box = add("g", { transform: `${corner} scale(${(side - 3) / 64})` });
          box.append(
            dlnb.make("rect", { width: 64, height: 64, class: "black" }),
            dlnb.make("path", { d: heart, class: "white", transform: `translate(${16 + 32 * x} ${16 + 32 * y})` }),
          );
        }
      }
    };

    const drawBars = (shares) => {
      const add = bars.clear();
      const start = 108;
      shares.forEach((row, i) => {
        const y = i * 32;
        add("text", { x: 0, y: y + 18, style: `fill: ${COLOURS[2 + i]}` }, `${NEW[i]} is moved by`);
        let x = start;
        row.forEach((share, j) => {
          const width = share * (bars.width - start);
          add("rect", { x, y, width, height: 26, fill: COLOURS[j] });
          const label = `${OLD[j]} ${Math.round(100 * share)}%`;
          if (width > 62) add("text", { x: x + width / 2, y: y + 18, "text-anchor": "middle", class: "within" }, label);
          x += width;
        });
      });
    };

    return () => {
      const { show } = PRIORS[prior.value];
      drawStory(first, false, show);
      drawStory(second, true, show);
      first.line.textContent = `z = (${w.map((each) => format(out(each))).join(", ")})`;
      second.line.textContent = `ẑ = (${turn(w).map((each) => format(out(each))).join(", ")})`;
      drawPicture();
      drawStrip(ones, OLD, COLOURS.slice(0, 2), w, (point) => point);
      drawStrip(twos, NEW, COLOURS.slice(2), turn(w), (point) => turn(point, -1));
      const shares = jacobian(prior.value, angle.value, w.map(out)).map((row) => {
        const sizes = row.map(Math.abs);
        return sizes.map((size) => size / (sizes[0] + sizes[1]));
      });
      drawBars(shares);
      if (steps.open) {
        const wide = PRIORS.normal.show;
        cloud(small[0], cdf, (point) => point, [0, 1], 4, 2);
        cloud(small[1], (x) => x, (point) => point, wide, 4, 2);
        cloud(small[2], (x) => x, turn, wide, 4, 2);
        cloud(small[3], cdf, turn, [0, 1], 4, 2);
        cloud(small[4], out, turn, show, 4, 2);
      }
      const told = NEW.map((name, i) => `${name} is moved by ${said(OLD, shares[i])}`).join("; ");
      stage.say(`${angle.value} degrees. ${said(OLD, w.map(out))}; ${said(NEW, turn(w).map(out))}. Shares: ${told}.`);
    };
  });
})();
