/* Total correlation of mean and sampled codes as passive latents are left out: a table that a study kept. */
(() => {
  "use strict";
  const { axis, clamp, format, glide, mean, path, range, scale } = dlnb;
  const LEAST = 1e-4; // nats; what lies below, such as the 0 of a single latent, is drawn here
  const FAR = 0.1; // nats
  const median = (values) => {
    const sorted = values.sort((a, b) => a - b);
    return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  };

  /* Of models {mean, sampled, latents} [model][threshold] at one threshold: gaps in nats, and the latents left. */
  const summary = ({ mean: means, sampled, latents }, rows, step) => {
    const gaps = rows.map((i) => means[i][step] - sampled[i][step]);
    const far = gaps.filter((gap) => gap > FAR).length;
    return { median: median(gaps), far, latents: mean(rows.map((i) => latents[i][step])) };
  };
  dlnb.formulas["cut-the-passive"] = summary;

  dlnb.explorable("cut-the-passive", (stage) => {
    const { models, above, methods, sets } = stage.data;
    const all = range(models.method.length);
    let place = 0; // among the thresholds; between two of them while the dots move
    let going;

    stage.part("controls");
    const cut = stage.slider("leave out latents up to a KL of", {
      ...{ min: 0, max: above.length - 1, step: 1, value: 0 },
      format: (i) => `${above[i]} nats`,
    });
    stage.part("controls");
    const method = stage.select("method", { all: "all six", ...methods });
    const set = stage.select("data set", { all: `all ${Object.keys(sets).length}`, ...sets });
    stage.part("square");
    const chart = stage.chart("Mean over sampled code, a dot a model", (width) => clamp(0.75 * width, 280, 460));
    const line = stage.line("", "line centred");

    return () => {
      if (going !== cut.value) {
        going = cut.value;
        glide([place], [going], ([now]) => {
          place = now;
          stage.redraw();
        });
      }
      const add = chart.clear();
      const log = (value) => Math.log10(Math.max(value, LEAST));
      const x = scale([-4, 2], [58, chart.width - 10]);
      const y = scale([-4, 2], [chart.height - 46, 8]);
      const ticks = [-4, -2, 0, 2];
      const text = (power) => (power < -2 ? "10⁻⁴" : String(10 ** power));
      axis(add, x, y.start, { label: "sampled code, nats", ticks, text });
      axis(add, y, x.start, { side: "left", label: "mean code, nats", ticks, text });
      add("path", { class: "mark", d: path([[x(-4), y(-4)], [x(2), y(2)]]), "stroke-dasharray": "5 4" });
      const is = (list, value) => list.value === "all" || list.value === value;
      const shown = all.filter((i) => is(method, models.method[i]) && is(set, models.data_set[i]));
      const [from, to] = [Math.floor(place), Math.ceil(place)];
      const between = (values, i) => {
        const [start, end] = [log(values[i][from]), log(values[i][to])];
        return start + (place - from) * (end - start);
      };
      for (const i of shown) {
        add("circle", { cx: x(between(models.sampled, i)), cy: y(between(models.mean, i)), r: 3.5, class: "one" });
      }
      const found = summary(models, shown, cut.value);
      line.textContent =
        `${shown.length} models, ${format(found.latents, 1)} of 10 latents left on average: the median gap is ` +
        `${format(found.median, 3)} nats; ${found.far} models are more than ${FAR} nats apart.`;
      stage.say(line.textContent);
    };
  });
})();
