"use strict";
document.documentElement.classList.add("scripted");

/* Copy buttons */

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function copyButton(label, text) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", async () => {
    button.textContent = (await copy(text())) ? "Copied" : "Not allowed here";
    setTimeout(() => { button.textContent = label; }, 1500);
  });
  return button;
}

for (const tools of document.querySelectorAll(".fact .tools")) {
  const fact = tools.closest(".fact");
  const link = fact.querySelector("figcaption a, .cite a, .searched a");
  tools.append(copyButton("Copy note", () => fact.querySelector(".statement").textContent));
  if (link) tools.append(copyButton("Copy link", () => link.href));
}

/* Filters: every row says what it has, the form says what is wanted. */

const form = document.querySelector("form.filter");
const rows = [...document.querySelectorAll("main .fact, main .systems tbody tr")];
const texts = new Map(rows.map((row) => [row, spoken(row).toLowerCase()]));

function spoken(row) {
  if (row.cells) return row.cells[0].textContent;
  const said = [...row.querySelectorAll(".statement, blockquote, .meta, figcaption, .tools code")];
  return [...said, row.closest(".group").querySelector("h3")].map((node) => node.textContent).join(" ");
}

function wanted(row, fields) {
  const words = fields.text.value.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.every((word) => texts.get(row).includes(word))) return false;
  if (fields.points) {
    const cell = row.cells[Number(fields.parameter.value) + 1];
    return !fields.points.value || cell.dataset.points.split(" ").includes(fields.points.value);
  }
  const marks = [...form.querySelectorAll("input[name=mark]:checked")].map((box) => box.value);
  return !marks.length || marks.includes(row.dataset.mark);
}

function update() {
  let shown = 0;
  for (const row of rows) {
    row.hidden = !wanted(row, form.elements);
    shown += !row.hidden;
  }
  for (const group of document.querySelectorAll("main .group, main .parameter:has(.group)")) {
    group.hidden = !group.querySelector(".fact:not([hidden])");
  }
  form.querySelector("output").textContent = shown === rows.length ? "" : `${shown} of ${rows.length} shown`;
}

if (form) {
  form.hidden = false;
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
}

/* Sorting of the list of systems */

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-sort]");
  if (!button) return;
  const header = button.closest("th");
  const column = Number(button.dataset.sort);
  const down = header.getAttribute("aria-sort") !== (column < 0 ? "ascending" : "descending");
  for (const other of header.parentElement.children) other.removeAttribute("aria-sort");
  const ascending = column < 0 ? down : !down;
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const body = header.closest("table").tBodies[0];
  const key = (row) => (column < 0 ? row.cells[0].textContent.trim().toLowerCase() : Number(row.cells[column + 1].dataset.rank));
  const compare = (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
  body.append(...[...body.rows].sort((a, b) => (ascending ? compare(a, b) : compare(b, a))));
});

/* A record's address opens what it is folded into; the parameter in view is marked in the contents. */

function reveal() {
  const place = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!place) return;
  for (let node = place; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  place.scrollIntoView();
}
addEventListener("hashchange", reveal);
reveal();

const links = new Map([...document.querySelectorAll(".contents a")].map((a) => [a.hash.slice(1), a]));
if (links.size && "IntersectionObserver" in window) {
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id)?.setAttribute("aria-current", "location");
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  for (const section of document.querySelectorAll("main section.parameter")) seen.observe(section);
}

addEventListener("beforeprint", () => document.querySelectorAll("details:not(.place)").forEach((d) => { d.open = true; }));
