// Concept checks: the reason for an answer appears when it is given. All reasons stand below the questions, in a fold;
// this only shows the one that is asked for.
(() => {
  let arrow = false; // radio buttons are chosen one after the other by the arrow keys: the way to an answer is none

  addEventListener("keydown", ({ key, target }) => {
    arrow = key?.startsWith("Arrow");
    if ((key === "Enter" || key === " ") && target.checked && target.closest(".concept-check")) answer(target);
  });
  for (const end of ["keyup", "pointerdown"]) addEventListener(end, () => (arrow = false));
  // Not "change": whoever comes to an option by arrow keys may then click on it
  addEventListener("click", ({ target }) => target.matches?.(".concept-check input") && answer(target, arrow));

  function answer(target, passing) {
    const check = target.closest(".concept-check");
    const question = target.closest("fieldset");
    if (passing) {
      for (const label of question.querySelectorAll("label")) label.classList.remove("right", "wrong");
      question.querySelector(".verdict").replaceChildren("Enter answers.");
      return;
    }
    const number = [...check.querySelectorAll("fieldset")].indexOf(question);
    const reasons = check.querySelectorAll(".answer")[number];
    const reason = reasons.querySelector(`[data-letter="${target.value}"]`);
    for (const label of question.querySelectorAll("label")) {
      const chosen = label.contains(target);
      label.classList.toggle("right", chosen && reason.classList.contains("right"));
      label.classList.toggle("wrong", chosen && reason.classList.contains("wrong"));
    }
    const shown = [reason, reasons.querySelector(".see")].map((each) => each.cloneNode(true));
    question.querySelector(".verdict").replaceChildren(...shown);
    question.dataset.first ??= reason.classList.contains("right") ? "right" : "wrong";
    const questions = [...check.querySelectorAll("fieldset")];
    if (questions.every((each) => each.dataset.first)) {
      const right = questions.filter((each) => each.dataset.first === "right").length;
      const total = Object.assign(document.createElement("p"), { className: "total" });
      total.textContent = `${right} of ${questions.length} right at the first try.`;
      question.querySelector(".verdict").append(total);
    }
  }

  // Formulas in a question are read, not worked: the Tab key goes from question to question.
  addEventListener("load", () =>
    window.MathJax?.startup?.promise?.then(() =>
      document.querySelectorAll(".concept-check mjx-container").forEach((each) => each.removeAttribute("tabindex")),
    ),
  );

  // Paper cannot be unfolded
  const folds = () => document.querySelectorAll(".concept-check details");
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...folds()].filter((fold) => !fold.open);
    for (const fold of closed) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of closed) fold.open = false;
  });
})();
