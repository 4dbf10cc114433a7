/* One run of each method is drawn and a winner declared, again and again; then one is chosen without labels.

   `groups`: numbers [method][model], such as scores; `runs`: which model of each method was drawn. */
(() => {
  "use strict";
  const { axis, bar, format, mean, range, scale, sum } = dlnb;
  const percent = (share) => `${format(100 * share, 0)}%`;

  /* The methods whose drawn model has the highest number: one, but for ties. */
  const first = (groups, runs) => {
    const drawn = groups.map((group, m) => group[runs[m]]);
    return range(groups.length).filter((m) => drawn[m] === Math.max(...drawn));
  };

  /* [method][model]: the probability that it is drawn and alone the first, over all draws of one model a method. */
  const chances = (groups) => {
    const below = (m, value) => mean(groups[m].map((other) => +(other < value)));
    const others = (m) => range(groups.length).filter((i) => i !== m);
    const wins = (m, value) => others(m).reduce((product, i) => product * below(i, value), 1);
    return groups.map((group, m) => group.map((value) => wins(m, value) / group.length));
  };

  /* The share of all models that one with this score is at least as good as; its mean over all models is chance. */
  const atLeast = (groups, score) => mean(groups.flat().map((other) => +(score >= other)));
  dlnb.formulas["seed-lottery"] = { first, chances, atLeast };

  const RULES = { elbo: "highest ELBO", kl: "lowest KL", udr: "highest UDR" };
  const ROW = 40;

  dlnb.explorable("seed-lottery", (stage) => {
    const { models, sets, scores, methods, paper } = stage.data;
    const names = Object.keys(methods);
    const draws = []; // each has a number in [0, 1) for every method: which of its models was drawn

    stage.part("controls");
    const set = stage.select("data set", sets, "cars3d");
    const score = stage.select("score", scores, "factor_vae_score");
    stage.part("controls");
    const rule = stage.radio("without labels, choose the run with the", RULES, "elbo");
    const draw = (times) => draws.push(...range(times).map(() => names.map(() => Math.random())));
    stage.button("Draw one run per method", () => draw(1));
    stage.button("Draw 100 times", () => draw(100));
    stage.button("Start again", () => draws.splice(0));
    const halves = stage.part("halves");
    const chart = (title, label, height) => {
      stage.part("half", halves);
      stage.line(title, "title");
      return stage.chart(label, height);
    };
    const height = ROW * names.length + 42;
    const title = "The last draw: the winner in orange, a ring around the choice";
    const dots = chart(title, "Scores by method; drawn models are larger", height);
    const tally = chart("Winners; marks: in the long run", "Bars: how often each method has won", height);
    stage.part("record");
    const verdict = stage.line("", "line centred");
    stage.line("How often is the choice at least as good as a random model?", "title");
    const record = stage.chart("Bars: the record of your choices", 4 * ROW);

    const group = (column) => {
      const of = (name) => (_, i) => models.data_set[i] === set.value && models.method[i] === name;
      return names.map((name) => models[column].filter(of(name)));
    };

    const drawDots = (groups, runs, winners, chosen) => {
      const add = dots.clear();
      const all = groups.flat();
      const x = scale([Math.min(...all), Math.max(...all)], [14, dots.width - 14]);
      axis(add, x, height - 40, { label: scores[score.value] });
      groups.forEach((group, m) => {
        const y = ROW * m;
        add("text", { x: 0, y: y + 13 }, methods[names[m]]);
        for (const value of group) add("circle", { cx: x(value), cy: y + 26, r: 4, class: "pale" });
        if (!runs) return;
        const at = { cx: x(group[runs[m]]), cy: y + 26 };
        add("circle", { ...at, r: 6.5, fill: winners.includes(m) ? "var(--b)" : "var(--a)" });
        if (m === chosen) add("circle", { ...at, r: 11, class: "ring" });
      });
    };

    return () => {
      const groups = group(score.value);
      const known = group(rule.value)[0][0] !== null;
      const numbers = group(rule.value).map((values) => values.map((value) => (rule.value === "kl" ? -value : value)));
      const runs = draws.map((each) => each.map((share, m) => Math.floor(share * groups[m].length)));
      const winners = runs.map((each) => first(groups, each));
      const choices = known ? runs.map((each) => first(numbers, each)[0]) : [];
      const good = choices.map((m, i) => atLeast(groups, groups[m][runs[i][m]]));
      const odds = chances(groups).map(sum);
      const last = draws.length - 1;
      drawDots(groups, runs[last], winners[last], choices[last]);

      const add = tally.clear();
      [...Object.values(methods), "a tie"].forEach((label, m) => {
        const won = winners.filter((each) => (each[1] >= 0 ? names.length : each[0]) === m).length;
        const mark = odds[m] ?? 1 - sum(odds);
        const told = { label, text: `${won} of ${draws.length}, in the long run ${percent(mark)}`, mark };
        bar(add, tally.width, ROW * m, { ...told, share: won / Math.max(draws.length, 1), fill: "var(--b)" });
      });

      const line = record.clear();
      const bars = { chance: mean(groups.flat().map((one) => atLeast(groups, one))), ...paper };
      Object.entries(bars).forEach(([label, share], i) => {
        bar(line, record.width, ROW * (i + 1), { label, share, text: percent(share), fill: "var(--soft)" });
      });
      const weights = chances(numbers).flat();
      const expected = sum(weights.map((p, i) => p * atLeast(groups, groups.flat()[i]))) / sum(weights);
      bar(line, record.width, 0, {
        label: `yours, without labels: ${RULES[rule.value]}`,
        text: !known ? "this data set has no UDR" : good.length ? percent(mean(good)) : "draw first",
        share: good.length ? mean(good) : 0,
        fill: "var(--c)",
        mark: known ? expected : undefined,
      });

      const same = percent(sum(odds.map((p) => p * p)));
      const told = [`Two papers with one run per method name the same single winner in ${same} of all cases.`];
      const called = (m) => methods[names[m]];
      const beats = `matches or beats ${percent(good[last])} of all models`;
      if (good.length) told.unshift(`The choice, ${called(choices[last])}, ${beats}.`);
      const won = winners[last]?.map(called) ?? [];
      if (won.length) told.unshift(`${won.join(" and ")} ${won[1] ? "tie" : "wins"}.`);
      verdict.textContent = told.join(" ");
      stage.say(verdict.textContent);
    };
  });
})();
