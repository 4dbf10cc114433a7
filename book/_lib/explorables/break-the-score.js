/* Perfect codes, broken on purpose, and what the six scores say: a grid of benchmarks/broken.py. */
(() => {
  "use strict";
  const { bar, cells, format, range, scale } = dlnb;

  const SCORES = {
    beta_vae_score: "BetaVAE",
    factor_vae_score: "FactorVAE",
    mig: "MIG",
    dci_disentanglement: "DCI",
    modularity: "Modularity",
    sap: "SAP",
  };
  const FACTORS = 4;
  const NAMES = Object.keys(SCORES);

  /* What the table {column: values} has of codes that are broken in these ways: scores and [latent][factor] shares. */
  const look = (table, ways) => {
    const same = (i) => Object.entries(ways).every(([way, value]) => table[way][i] === value);
    const row = table.angle.findIndex((_, i) => same(i));
    return {
      scores: NAMES.map((name) => table[name][row]),
      shares: range(ways.duplicated ? 2 * FACTORS : FACTORS).map((j) =>
        range(FACTORS).map((k) => table[`share_${j}_${k}`][row]),
      ),
    };
  };
  dlnb.formulas["break-the-score"] = look;

  dlnb.explorable("break-the-score", (stage) => {
    const table = stage.data;
    const values = (way) => [...new Set(table[way])]; // from perfect to broken, as in the table
    stage.part("controls");
    const sliders = {};
    const slider = (way, label, text) => {
      const steps = values(way);
      const control = { min: 0, max: steps.length - 1, step: 1, value: 0, format: (i) => text(steps[i]) };
      sliders[way] = stage.slider(label, control);
    };
    slider("angle", "rotate pairs of latents", (degrees) => `${degrees}°`);
    slider("noise", "add noise", (noise) => `${noise} sd`);
    slider("rows", "drop samples", (rows) => `${rows} left`);
    stage.part("controls");
    const copies = stage.radio("every latent", { once: "once", twice: "twice" }, "once");
    const scales = stage.radio("latents 1 and 2", { kept: "as they are", shrunk: "collapsed" }, "kept");
    stage.button("mend all", () => {
      Object.values(sliders).forEach((each) => (each.value = 0));
      [copies.value, scales.value] = ["once", "kept"];
    });
    const held = () => (copies.value === "twice" ? 2 : 1) * FACTORS;
    const halves = stage.part("halves watched");
    const chart = (title, label, height) => {
      stage.part("half", halves);
      stage.line(title, "title");
      return stage.chart(label, height);
    };
    const matrix = chart("What latents tell, share of entropy", "Matrix of shares", () => 28 + 26 * held());
    const bars = chart("Scores; marks: perfect codes", "Bars of the six scores", 246);
    stage.part("below");
    const line = stage.line("", "line centred");
    const first = (way) => [way, values(way)[0]];
    const perfect = look(table, Object.fromEntries([...Object.keys(sliders), "duplicated", "collapsed"].map(first)));

    return () => {
      const at = ([way, slider]) => [way, values(way)[slider.value]];
      const ways = Object.fromEntries(Object.entries(sliders).map(at));
      const others = { duplicated: copies.value === "twice", collapsed: scales.value === "shrunk" };
      const { scores, shares } = look(table, { ...ways, ...others });

      const add = matrix.clear();
      const x = scale([0, FACTORS], [30, matrix.width]);
      for (const k of range(FACTORS)) add("text", { x: x(k + 0.5), y: 16, "text-anchor": "middle" }, `factor ${k + 1}`);
      shares.forEach((row, j) => {
        add("text", { x: 0, y: 42 + 26 * j }, dlnb.latent(j));
        cells(add, x, 24 + 26 * j, row);
      });
      const put = bars.clear();
      scores.forEach((share, i) => {
        const told = { label: SCORES[NAMES[i]], text: format(share), share, fill: "var(--b)", mark: perfect.scores[i] };
        bar(put, bars.width, 41 * i, told);
      });

      const lost = scores.map((score, i) => perfect.scores[i] - score);
      const told = (loss) => `${SCORES[NAMES[lost.indexOf(loss)]]} (${loss < 0 ? "+" : ""}${format(-loss)})`;
      const [least, most] = [Math.min(...lost), Math.max(...lost)];
      line.textContent =
        least === most ? "These codes are perfect." : `Most is lost by ${told(most)}, least by ${told(least)}.`;
      stage.say(`${line.textContent} ${NAMES.map((name, i) => `${SCORES[name]} ${format(scores[i])}`).join(", ")}`);
    };
  });
})();
