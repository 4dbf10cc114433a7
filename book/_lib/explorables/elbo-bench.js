/* A q(z) to be moved by hand beside the posterior that it should meet: the toy model of dlnb.lessons.toy. */
(() => {
  "use strict";
  const { axis, clamp, format, glide, path, range, scale } = dlnb;

  /* One latent z ~ N(0, 1), one observation x ~ N(weight z, noise^2); nats. */
  const MODEL = { weight: 1.5, noise: 1, x: 2.4 };
  const LOG_2PI = Math.log(2 * Math.PI);
  const toy = ({ weight, noise, x }) => {
    const square = (weight / noise) ** 2;
    const evidence = -0.5 * (x ** 2 / (weight ** 2 + noise ** 2) + LOG_2PI + Math.log(weight ** 2 + noise ** 2));
    const reconstruction = (mean, width) =>
      0.5 * (((x - weight * mean) / noise) ** 2 + square * width ** 2 + LOG_2PI) + Math.log(noise);
    const kl = (mean, width) => 0.5 * (mean ** 2 + width ** 2 - 1) - Math.log(width);
    const gap = (mean, width) => reconstruction(mean, width) + kl(mean, width) + evidence;
    /* The q with the lowest reconstruction + beta KL; the posterior if beta is 1. */
    const best = (beta) => [(weight * x) / noise ** 2 / (square + beta), Math.sqrt(beta / (square + beta))];
    return { evidence, reconstruction, kl, gap, best };
  };
  dlnb.formulas["elbo-bench"] = toy;

  const bell = (mean, width) => (z) => Math.exp(-0.5 * ((z - mean) / width) ** 2) / (width * Math.sqrt(2 * Math.PI));

  const COLOURS = { q: "var(--a)", reconstruction: "var(--b)", posterior: "var(--c)", prior: "var(--d)" };
  const DASHES = { q: "", posterior: "10 4", prior: "2 4" };

  dlnb.explorable("elbo-bench", (stage) => {
    const model = toy(MODEL);
    stage.part("controls");
    const mean = stage.slider("mean of q", { min: -0.5, max: 2.5, step: 0.01, value: 0.3 });
    const width = stage.slider("width of q", { min: 0.4, max: 1.2, step: 0.01, value: 0.85 });
    const doubled = (power) => String(+(2 ** power).toFixed(2));
    const power = stage.slider("β", { min: -1, max: 4, step: 0.25, value: 0, format: doubled });
    let going;
    stage.node.addEventListener("input", () => (going = 0));
    const go = (q) =>
      glide([mean.value, width.value], (going = q), (now) => going === q && ([mean.value, width.value] = now));
    const charts = stage.part("halves");
    stage.part("half", charts);
    stage.legend({
      "q(z)": [COLOURS.q, DASHES.q],
      "prior p(z)": [COLOURS.prior, DASHES.prior],
      "posterior p(z | x)": [COLOURS.posterior, DASHES.posterior],
    });
    const curves = stage.chart("The densities of q, of the prior and of the posterior over the latent z", 236);
    stage.part("controls centred", curves.svg.parentNode);
    stage.button("q = posterior", () => go(model.best(1)));
    stage.button("lowest loss", () => go(model.best(2 ** power.value)));
    stage.part("half", charts);
    const bars = stage.chart("Bars for reconstruction, KL, gap and loss, in nats", 236);
    const sum = stage.line("", "line centred");

    const drawCurves = (q) => {
      const add = curves.clear();
      const x = scale([-2.5, 3.5], [6, curves.width - 6]);
      const y = scale([0, 1.02], [curves.height - 42, 4]);
      const zs = range(301).map((i) => -2.5 + i / 50);
      const shown = { q, prior: [0, 1], posterior: model.best(1) };
      for (const [name, [m, s]] of Object.entries(shown)) {
        const line = path(zs.map((z) => [x(z), y(bell(m, s)(z))]));
        const filled = name === "q" ? { fill: COLOURS.q, "fill-opacity": 0.16 } : { fill: "none" };
        add("path", { d: line, class: "curve", stroke: COLOURS[name], "stroke-dasharray": DASHES[name], ...filled });
      }
      axis(add, x, y(0), { label: "latent z" });
    };

    const drawBars = ({ reconstruction, kl, gap, loss, lowest }) => {
      const add = bars.clear();
      const x = scale([0, 8], [1, bars.width - 1]);
      const bar = (y, start, end, colour) => {
        const [left, right] = [start, end].map((value) => x(clamp(value, 0, 8)));
        add("rect", { x: left, y, width: right - left, height: 15, rx: 2, fill: colour });
      };
      const row = (y, label, value) => {
        add("text", { x: 0, y }, label);
        add("text", { x: bars.width, y, "text-anchor": "end", class: "number" }, format(value));
      };
      const upright = (value, top, bottom, label) => {
        const place = x(clamp(value, 0, 8));
        add("line", { class: "mark", x1: place, x2: place, y1: top, y2: bottom });
        if (label) add("text", { x: place + 5, y: bottom - 1 }, label);
      };
      const elbo = reconstruction + kl;
      bar(18, 0, reconstruction, COLOURS.reconstruction);
      bar(62, reconstruction, elbo, COLOURS.prior);
      bar(106, -model.evidence, elbo, COLOURS.posterior);
      bar(196, 0, reconstruction, COLOURS.reconstruction);
      bar(196, reconstruction, loss, COLOURS.prior);
      upright(-model.evidence, 14, 144, "\u2212log p(x), whatever q is");
      upright(lowest, 192, 230, "the lowest");
      row(12, "reconstruction", reconstruction);
      row(56, "KL of q from the prior", kl);
      row(100, "gap: KL of q from the posterior", gap);
      row(190, "loss: reconstruction + β KL", loss);
    };

    return () => {
      const q = [mean.value, width.value];
      const beta = 2 ** power.value;
      const loss = (m, s) => model.reconstruction(m, s) + beta * model.kl(m, s);
      const [reconstruction, kl, gap] = [model.reconstruction(...q), model.kl(...q), model.gap(...q)];
      drawCurves(q);
      drawBars({ reconstruction, kl, gap, loss: loss(...q), lowest: loss(...model.best(beta)) });
      sum.textContent =
        `reconstruction ${format(reconstruction)} + KL ${format(kl)} \u2212 gap ${format(gap)}` +
        ` = \u2212log p(x) ${format(-model.evidence)} nats`;
      stage.say(`${sum.textContent}; loss ${format(loss(...q))}, the lowest ${format(loss(...model.best(beta)))}`);
    };
  });
})();
