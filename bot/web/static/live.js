"use strict";
// Live pages without a framework: the server says that something changed, the page reads itself
// again and swaps the parts that differ. Without this script everything still works by reload.

const main = document.getElementById("main");
let busy = false;
let again = false;

function inUse(part) {
  const typed = [...part.querySelectorAll("input, textarea, select")].some((field) =>
    field.type === "checkbox" ? field.checked !== field.defaultChecked
      : field.type !== "hidden" && field.tagName !== "SELECT" && field.value !== field.defaultValue);
  return typed || (part.contains(document.activeElement) && part.matches(":has(form)"));
}

function keepOpen(old, fresh) {
  const summaries = (root) => [...root.querySelectorAll("details")];
  const name = (one) => (one.closest("[id]")?.id ?? "") + one.querySelector("summary").textContent;
  const open = new Set(summaries(old).filter((one) => one.open).map(name));
  summaries(fresh).forEach((one) => { one.open = open.has(name(one)); });
}

function swap(page) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || inUse(part)) continue;
    const known = new Set([...part.querySelectorAll("li[id]")].map((entry) => entry.id));
    keepOpen(part, fresh);
    if (fresh.outerHTML === part.outerHTML) continue;
    if (known.size) fresh.querySelectorAll("li[id]").forEach((entry) => {
      if (!known.has(entry.id)) entry.classList.add("new");
    });
    part.replaceWith(document.adoptNode(fresh));
  }
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const before = fresh.previousElementSibling;
    const place = before && before.id && document.getElementById(before.id);
    if (!document.getElementById(fresh.id) && place) place.after(document.adoptNode(fresh));
  }
  const line = document.getElementById("state-line");
  const said = page.getElementById("state-line");
  if (line && said && line.textContent !== said.textContent) line.textContent = said.textContent;
  document.title = page.title;
}

async function refresh() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch(location.href, { headers: { "X-Live": "1" } });
    if (answer.redirected) { location.reload(); return; }
    if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch { /* the stream connects again and tells what was missed */ }
  busy = false;
  if (again) { again = false; setTimeout(refresh, 200); }
}

if (main?.dataset.events) {
  const stream = new EventSource(main.dataset.events);
  stream.addEventListener("changed", refresh);
  setInterval(() => { if (!document.hidden) refresh(); }, 30000);
}

const token = document.getElementById("token");
if (token && location.hash.length > 1) {
  token.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname + location.search);
  token.form.querySelector("button").focus();
}
