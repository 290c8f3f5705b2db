// Small enhancements only: the page says everything without this script.
"use strict";

// Sort: a click on a column head orders the rows by it, numbers falling first.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const numeric = head.classList.contains("n");
      const [first, second] = numeric ? ["descending", "ascending"] : ["ascending", "descending"];
      const order = head.getAttribute("aria-sort") === first ? second : first;
      const direction = order === "ascending" ? 1 : -1;
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const number = (row) => { const n = parseFloat(value(row)); return Number.isNaN(n) ? -Infinity : n; };
      const rows = [...body.rows].sort((a, b) => direction * (numeric
        ? number(a) - number(b) : value(a).localeCompare(value(b))));
      table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      body.append(...rows);
    });
  });
}

// What if: net saving for another volume or local cost.
const costs = JSON.parse(document.getElementById("data").textContent);
const whatIf = document.getElementById("what-if");
if (costs && whatIf) {
  const field = (id) => document.getElementById(id);
  const show = () => {
    const volume = field("volume").value / 100;
    const factor = field("factor").value / 100;
    const net = volume * costs.api - factor * (costs.fixed + costs.variable * volume);
    field("volume-out").textContent = `${field("volume").value} %`;
    field("factor-out").textContent = `${field("factor").value} %`;
    field("net").textContent = `${net < 0 ? "\u2212" : ""}$${Math.abs(Math.round(net)).toLocaleString("en-US")}`;
  };
  whatIf.hidden = false;
  whatIf.addEventListener("input", show);
  show();
}

// Filter: examples by how their answers were graded.
const examples = [...document.querySelectorAll("details.example")];
if (examples.length > 3) {
  const shown = {
    "all examples": () => true,
    "where the local answer fails": (one) => one.dataset.local === "False",
    "where both pass": (one) => one.dataset.api === "True" && one.dataset.local === "True",
  };
  const select = document.createElement("select");
  select.append(...Object.keys(shown).map((name) => new Option(name)));
  select.addEventListener("change", () => {
    examples.forEach((one) => { one.hidden = !shown[select.value](one); });
  });
  const label = document.createElement("label");
  label.className = "filter";
  label.append("Show ", select);
  document.querySelector("#examples > .conclusion").after(label);
}

// Print: everything folded is opened, and folded again afterwards.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open]):not(.system)")];
  folded.forEach((one) => { one.open = true; });
});
addEventListener("afterprint", () => folded.forEach((one) => { one.open = false; }));
