// Draws the charts, lets people draw a box on a picture, answer by keyboard and copy a link. Everything else
// works without this file.
"use strict";

function drawChart(canvas) {
  const spec = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
  // Vega-Lite remarks that a chart of fixed bar heights keeps its height: as it should.
  const compiled = vega.compile(spec, { logger: vega.logger(vega.Error) }).spec;
  const view = new vega.View(vega.parse(compiled, null, { ast: true }), {
    expr: vega.expressionInterpreter,
    renderer: "svg",
    container: canvas,
    hover: true,
    logLevel: vega.Error,
  });
  let drawn = 0;
  const fit = () => {
    const width = Math.floor(canvas.clientWidth);
    if (width > 0 && width !== drawn) {
      drawn = width;
      view.width(width).runAsync();
    }
  };
  new ResizeObserver(fit).observe(canvas);
  fit();
}

// While a form about a box is open, dragging on the picture fills its four fields.
function letDraw(editor) {
  const svg = editor.querySelector("svg");
  const draft = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  draft.setAttribute("class", "draft");
  const openForm = () => document.querySelector("details[open] > form[data-box]");
  const fields = (form) => ["x", "y", "width", "height"].map((name) => form.elements.namedItem(name));

  const show = () => {
    const form = openForm();
    editor.classList.toggle("drawing", form !== null);
    const values = form ? fields(form).map((field) => Number(field.value) / 100) : [];
    if (values.length && values[2] > 0 && values[3] > 0) {
      ["x", "y", "width", "height"].forEach((name, i) => draft.setAttribute(name, values[i]));
      svg.append(draft);
    } else {
      draft.remove();
    }
  };

  let start = null;
  const place = (event) => {
    const frame = editor.getBoundingClientRect();
    const clamp = (share) => Math.min(Math.max(share, 0), 1);
    return [clamp((event.clientX - frame.left) / frame.width), clamp((event.clientY - frame.top) / frame.height)];
  };
  editor.addEventListener("pointerdown", (event) => {
    if (!openForm()) return;
    event.preventDefault();
    editor.setPointerCapture(event.pointerId);
    start = place(event);
  });
  editor.addEventListener("pointermove", (event) => {
    const form = openForm();
    if (!start || !form) return;
    const end = place(event);
    const box = [0, 1].map((axis) => Math.min(start[axis], end[axis]));
    box.push(...[0, 1].map((axis) => Math.abs(start[axis] - end[axis])));
    fields(form).forEach((field, i) => (field.value = (100 * box[i]).toFixed(2)));
    show();
  });
  editor.addEventListener("pointerup", () => (start = null));
  document.addEventListener("toggle", show, true);
  document.addEventListener("input", show);
}

// The queue by keyboard: what has a data-key inside the card that has the focus is pressed by it.
const SILENT = "single-keys-off";

function answerKeys(event) {
  const cards = [...document.querySelectorAll(".answer")];
  if (!cards.length || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const card = event.target.closest(".answer");
  if (event.target.matches("input:not([type='checkbox']), select, textarea")) {
    if (event.key === "Escape" && card) card.focus();
    return;
  }
  if (localStorage.getItem(SILENT)) return;
  const go = (place) => cards[Math.min(Math.max(place, 0), cards.length - 1)].focus();
  if (event.key === "j") go(cards.indexOf(card) + 1);
  else if (event.key === "k") go(cards.indexOf(card) - 1);
  else if (event.key === "?") document.getElementById("keys").toggleAttribute("open");
  else {
    const pressed = [...document.querySelectorAll("[data-key]")].filter((each) => each.dataset.key === event.key);
    const found = pressed.find((each) => each.closest(".answer") === card && card) || pressed.find((each) => each.closest(".saved"));
    // Enter on a link or a button is theirs.
    if (!found || (event.key === "Enter" && event.target !== card)) return;
    if (found.matches("input")) found.focus();
    else found.click();
  }
  event.preventDefault();
}

// Where the address points at a card that is gone, people go on at the first one.
function beginAnswering() {
  const keys = document.getElementById("single-keys");
  if (!keys) return;
  keys.checked = !localStorage.getItem(SILENT);
  keys.addEventListener("change", () => {
    if (keys.checked) localStorage.removeItem(SILENT);
    else localStorage.setItem(SILENT, "yes");
  });
  if (!location.hash.startsWith("#card-")) return;
  (document.getElementById(location.hash.slice(1)) || document.querySelector(".answer")).focus();
}

document.addEventListener("keydown", answerKeys);

function enliven(root) {
  root.querySelectorAll("[data-chart]").forEach((canvas) => {
    try {
      drawChart(canvas);
    } catch (error) {
      canvas.textContent = "This chart could not be drawn; its figures are in the tables.";
      console.error(`${canvas.dataset.chart}: ${error}`);
    }
  });
  root.querySelectorAll("#editor").forEach(letDraw);
  beginAnswering();
}

document.addEventListener("DOMContentLoaded", () => enliven(document));
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "page") enliven(document.getElementById("page"));
});
// An empty field says nothing: it stays out of the address.
document.addEventListener("htmx:configRequest", (event) => {
  for (const name of [...event.detail.formData.keys()]) {
    const said = event.detail.formData.getAll(name).filter((value) => value !== "");
    event.detail.formData.delete(name);
    said.forEach((value) => event.detail.formData.append(name, value));
  }
});
// The address of a view goes to the clipboard; without one (plain HTTP) the link is an ordinary link.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-copy]");
  if (!link || !navigator.clipboard || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  await navigator.clipboard.writeText(link.href);
  link.textContent = "Link copied";
});
// A list of choices closes with Escape and when the person goes elsewhere.
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector(".choice[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  document.querySelectorAll(".choice[open]").forEach((open) => {
    if (!open.contains(event.target)) open.open = false;
  });
});
