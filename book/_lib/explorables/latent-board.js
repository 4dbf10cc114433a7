/* The latents of a trained model under the hand; its decoder runs here. */
(() => {
  "use strict";
  const { cells, format, latent, make, range, scale } = dlnb;

  /* Layers with weights as numbers, from what dlnb.figures.board wrote. */
  const unpack = ({ layers, weights }) => {
    const bytes = Int8Array.from(atob(weights), (letter) => letter.charCodeAt(0));
    let at = 0;
    return layers.map(({ shape, scale, bias }) => {
      const size = shape.reduce((product, n) => product * n);
      const kernel = Float32Array.from(bytes.subarray(at, at + size), (byte, i) => byte * scale[i % scale.length]);
      at += size;
      return { shape, bias, kernel };
    });
  };

  /* out[start...] += x * kernel[from...], for each output. */
  const add = (out, start, x, kernel, from, outputs) => {
    for (let o = 0; o < outputs; o++) out[start + o] += x * kernel[from + o];
  };

  const dense = (x, { shape: [inputs, outputs], bias, kernel }) => {
    const out = Float32Array.from(bias);
    for (let i = 0; i < inputs; i++) if (x[i]) add(out, 0, x[i], kernel, i * outputs, outputs);
    return out;
  };

  /* A transposed convolution of size 4 and stride 2 with "same" padding, on values [side][side][inputs]. */
  const grow = (x, side, { shape: [, , inputs, outputs], bias, kernel }) => {
    const wide = 2 * side;
    const out = Float32Array.from({ length: wide * wide * outputs }, (_, i) => bias[i % outputs]);
    x.forEach((value, at) => {
      if (!value) return; // most are 0 behind a ReLU
      const [i, place] = [at % inputs, Math.floor(at / inputs)];
      const [top, left] = [2 * Math.floor(place / side) - 1, 2 * (place % side) - 1];
      for (let a = 0; a < 4; a++) {
        for (let b = 0; b < 4; b++) {
          const [row, column] = [top + a, left + b];
          if (row < 0 || column < 0 || row >= wide || column >= wide) continue;
          add(out, (row * wide + column) * outputs, value, kernel, ((4 * a + b) * inputs + i) * outputs, outputs);
        }
      }
    });
    return out;
  };

  /* A code as an image: numbers in [0, 1] for each row, column and channel. */
  const decode = (layers, code) =>
    layers
      .reduce((x, layer, n) => {
        const out = layer.shape.length === 2 ? dense(x, layer) : grow(x, Math.sqrt(x.length / layer.shape[2]), layer);
        return n < layers.length - 1 ? out.map((value) => Math.max(value, 0)) : out;
      }, code)
      .map((logit) => 1 / (1 + Math.exp(-logit)));
  dlnb.formulas["latent-board"] = { unpack, decode };

  const ACTIVE = 0.01; // nats

  dlnb.explorable("latent-board", (stage) => {
    let [model, layers, moved, next] = [null, null, 0, 1]; // `moved`: the latent moved last; `next`: of the codes

    stage.part("controls");
    const set = stage.select("model", stage.data);
    const put = (code) => sliders.forEach((slider, i) => (slider.value = code[i] ?? 0));
    stage.part("controls");
    stage.button("Surprise me", () => model && put(model.codes[next++ % model.codes.length]));
    stage.button("All to 0", () => put([]));
    const file = stage.control("your own, from the laboratory", make("input", { type: "file", accept: ".json" }));
    const halves = stage.part("halves");
    stage.part("half", halves);
    const canvas = stage.put(make("canvas", { class: "screen", role: "img", "aria-label": "The decoded image" }));
    stage.part("half twin", halves);
    const sliders = range(10).map((i) => {
      const slider = stage.slider(latent(i), { min: -3, max: 3, step: 0.05, value: 0 });
      slider.input.addEventListener("input", () => (moved = i));
      return slider;
    });
    stage.part("square");
    const line = stage.line("", "line centred");
    const table = stage.chart("What latents tell of factors; that moved last is framed", 350);

    file.addEventListener("change", async () => {
      const [chosen] = file.files;
      if (!chosen) return;
      try {
        const own = JSON.parse(await chosen.text());
        decode(unpack(own), own.codes[0]);
        [...set.options].find(({ value }) => value === chosen.name)?.remove();
        set.add(new Option(own.model, chosen.name));
        dlnb.data[`latent-board.${chosen.name}`] = own;
        set.value = chosen.name;
        file.value = "";
        wanted = null;
        stage.redraw();
      } catch {
        stage.say((line.textContent = `${chosen.name} is no model from the laboratory.`));
      }
    });

    const kept = (name) => dlnb.data[`latent-board.${name}`];
    const load = async (name) => {
      if (!kept(name)) await dlnb.script(`latent-board.${name}.data.js`);
      if (name !== set.value) return;
      model = kept(name);
      layers = unpack(model);
      sliders.forEach(({ input }, i) => (input.parentNode.style.display = i < model.kl.length ? "" : "none"));
      moved = model.kl.indexOf(Math.max(...model.kl));
      put(model.codes[0]);
    };

    const drawTable = ({ factors, shares, kl }) => {
      const add = table.clear();
      const x = scale([0, factors.length || 1], [98, table.width - 30]);
      factors.forEach((name, k) => add("text", { transform: `translate(${x(k + 0.4)} 78) rotate(-40)` }, name));
      shares.forEach((row, j) => {
        const y = 84 + 26 * j;
        add("text", { x: 0, y: y + 18 }, `${latent(j)}  ${format(kl[j])} nats`);
        cells(add, x, y, row);
        if (j === moved) add("rect", { x: x(0), y, width: x.end - x(0), height: 26, class: "lit" });
      });
    };

    let wanted;
    return () => {
      if (wanted !== set.value) load((wanted = set.value)).catch((e) => stage.say((line.textContent = e.message)));
      if (!model) return;
      const [height, width, channels] = model.shape;
      const pixels = decode(layers, sliders.map((slider) => slider.value));
      const image = new ImageData(width, height);
      image.data.forEach((_, i) => {
        const channel = Math.min(i % 4, channels - 1);
        image.data[i] = i % 4 < 3 ? 255 * pixels[Math.floor(i / 4) * channels + channel] : 255;
      });
      Object.assign(canvas, { width, height }).getContext("2d").putImageData(image, 0, 0);
      drawTable(model);
      const share = Math.max(0, ...model.shares[moved]);
      const passive = model.kl[moved] < ACTIVE;
      line.textContent =
        `${latent(moved)}: ${format(model.kl[moved])} nats${passive ? ", passive" : ""}. ` +
        (passive || !model.factors.length ? "" : share < 0.02
          ? "It tells next to nothing of any factor."
          : `It tells most of ${model.factors[model.shares[moved].indexOf(share)]}, ${format(share)} of its entropy.`);
      stage.say(line.textContent);
    };
  });
})();
