// Trials are chosen by a click, or by a box drawn around them, in charts and table together.
(() => {
  const everywhere = (trial) => document.querySelectorAll(`[data-trial="${trial}"]`);
  const choose = (trial, on) => {
    for (const mark of everywhere(trial)) mark.classList.toggle("chosen", on);
  };
  const clear = () => {
    for (const mark of document.querySelectorAll(".chosen")) mark.classList.remove("chosen");
  };
  document.addEventListener("click", (event) => {
    const mark = event.target.closest("[data-trial]");
    if (mark) choose(mark.dataset.trial, !mark.classList.contains("chosen"));
  });
  for (const plot of document.querySelectorAll(".selectable svg.plot")) {
    let from = null;
    const box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    box.classList.add("brush");
    const place = (event) => {
      const bounds = plot.getBoundingClientRect();
      return [event.clientX - bounds.left, event.clientY - bounds.top];
    };
    plot.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse" && !event.target.closest("[data-trial]")) {
        from = place(event);
        plot.setPointerCapture(event.pointerId);
        clear();
      }
    });
    plot.addEventListener("pointermove", (event) => {
      if (!from) return;
      const to = place(event);
      const [left, top] = [Math.min(from[0], to[0]), Math.min(from[1], to[1])];
      const [right, bottom] = [Math.max(from[0], to[0]), Math.max(from[1], to[1])];
      const size = { x: left, y: top, width: right - left, height: bottom - top };
      for (const [name, value] of Object.entries(size)) box.setAttribute(name, value);
      plot.append(box);
      for (const dot of plot.querySelectorAll("circle[data-trial]")) {
        const [x, y] = [dot.cx.baseVal.value, dot.cy.baseVal.value];
        choose(dot.dataset.trial, x >= left && x <= right && y >= top && y <= bottom);
      }
    });
    plot.addEventListener("pointerup", () => { from = null; box.remove(); });
  }
})();
