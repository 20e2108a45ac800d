"use strict";
document.documentElement.classList.add("scripted");

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

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const label = button.textContent;
  button.textContent = (await copy(button.dataset.copy)) ? "Copied" : "Not allowed here";
  setTimeout(() => { button.textContent = label; }, 1500);
});

const form = document.querySelector("form.filter");
if (form) {
  form.hidden = false;
  const rows = [...document.querySelectorAll("main .fact, main .systems tbody tr")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const update = () => {
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const marks = [...form.querySelectorAll("input[name=mark]:checked")].map((box) => box.value);
    let shown = 0;
    rows.forEach((row, n) => {
      const fits = words.every((word) => texts[n].includes(word)) && (!marks.length || marks.includes(row.dataset.mark));
      row.hidden = !fits;
      shown += fits;
    });
    form.querySelector("output").textContent = shown === rows.length ? "" : `${shown} of ${rows.length} shown`;
  };
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
}

addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
