/* Perfect codes, broken on purpose, and what the six scores say: a grid that benchmarks/broken.py computed. */
(() => {
  "use strict";
  const { format, range, scale } = dlnb;

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
    slider("angle", "rotate pairs of latents", (degrees) => `by ${degrees}°`);
    slider("noise", "add noise", (noise) => `of ${noise} standard deviations`);
    slider("rows", "drop samples", (rows) => `${rows} are left`);
    stage.part("controls");
    const copies = stage.radio("every latent", { once: "once", twice: "twice" }, "once");
    const scales = stage.radio("latents 1 and 2", { kept: "as they are", shrunk: "collapsed" }, "kept");
    stage.button("mend all", () => {
      Object.values(sliders).forEach((each) => (each.value = 0));
      [copies.value, scales.value] = ["once", "kept"];
    });
    const halves = stage.part("halves");
    stage.part("half", halves);
    stage.line("What latents tell of factors, share of entropy", "title");
    const matrix = stage.chart("Matrix of latents and factors: the share of each factor's entropy that each latent tells", 282);
    stage.part("half", halves);
    stage.line("What the scores say", "title");
    const bars = stage.chart("Bars of the six scores, from 0 to 1, with a mark where perfect codes are", 282);
    const line = stage.line("", "line centred");

    const perfect = look(table, Object.fromEntries(["angle", "noise", "rows", "duplicated", "collapsed"].map((way) => [way, values(way)[0]])));

    const drawMatrix = (shares) => {
      const add = matrix.clear();
      const x = scale([0, FACTORS], [30, matrix.width]);
      const side = x(1) - x(0);
      for (const k of range(FACTORS)) add("text", { x: x(k + 0.5), y: 16, "text-anchor": "middle" }, `factor ${k + 1}`);
      shares.forEach((row, j) => {
        const y = 24 + 32 * j;
        add("text", { x: 0, y: y + 20 }, `z${String.fromCharCode(0x2081 + j)}`);
        row.forEach((share, k) => {
          add("rect", { x: x(k) + 1, y: y + 1, width: side - 2, height: 30, fill: "var(--a)", "fill-opacity": 0.04 + 0.8 * share });
          add("text", { x: x(k + 0.5), y: y + 20, "text-anchor": "middle", class: "number" }, format(share));
        });
      });
    };

    const drawBars = (scores) => {
      const add = bars.clear();
      const x = scale([0, 1], [0, bars.width]);
      scores.forEach((score, i) => {
        const y = 47 * i;
        const whole = perfect.scores[i];
        add("text", { x: 0, y: y + 14 }, SCORES[NAMES[i]]);
        add("text", { x: bars.width, y: y + 14, "text-anchor": "end", class: "number" }, format(score));
        add("rect", { x: 0, y: y + 21, width: bars.width, height: 14, rx: 2, class: "trough" });
        add("rect", { x: 0, y: y + 21, width: x(score), height: 14, rx: 2, fill: "var(--b)" });
        add("line", { class: "mark", x1: x(whole), x2: x(whole), y1: y + 18, y2: y + 38 });
      });
    };

    return () => {
      const ways = Object.fromEntries(Object.entries(sliders).map(([way, each]) => [way, values(way)[each.value]]));
      const { scores, shares } = look(table, { ...ways, duplicated: copies.value === "twice", collapsed: scales.value === "shrunk" });
      drawMatrix(shares);
      drawBars(scores);
      const lost = scores.map((score, i) => perfect.scores[i] - score);
      const at = (value) => lost.indexOf(value);
      const [most, least] = [at(Math.max(...lost)), at(Math.min(...lost))];
      const by = (i) => `${SCORES[NAMES[i]]} ${lost[i] < 0 ? "rises" : "falls"} by ${format(Math.abs(lost[i]))}`;
      line.textContent = Math.max(...lost.map(Math.abs)) < 0.005 ? "Perfect codes: break them." : `Against perfect codes, ${by(most)} and ${by(least)}.`;
      stage.say(`${line.textContent} ${NAMES.map((name, i) => `${SCORES[name]} ${format(scores[i])}`).join(", ")}`);
    };
  });
})();
