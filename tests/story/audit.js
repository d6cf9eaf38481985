// What a page does wrong for people who read, tap or listen: one sentence a fault, none when good.
() => {
  const faults = [];
  const say = (what, node) => faults.push(`${what}: ${node.outerHTML.slice(0, 120)}`);
  const seen = (node) => node.checkVisibility({ visibilityProperty: true });
  const named = (node) => (node.getAttribute("aria-label") ?? "").trim() || node.textContent.trim()
    || node.getAttribute("aria-labelledby");

  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!field.labels.length && !named(field)) say("a field without a label", field);
  for (const node of document.querySelectorAll("a, button, summary"))
    if (!named(node)) say("nothing says what this does", node);
  for (const image of document.images) if (!image.hasAttribute("alt")) say("no alt", image);
  for (const cell of document.querySelectorAll("th"))
    if (!cell.scope) say("a heading cell without a scope", cell);
  for (const node of document.querySelectorAll("[id]"))
    if (document.querySelectorAll(`[id="${CSS.escape(node.id)}"]`).length > 1) say("id twice", node);
  for (const node of document.querySelectorAll("[aria-labelledby], [aria-describedby]"))
    for (const name of ["aria-labelledby", "aria-describedby"])
      for (const id of (node.getAttribute(name) ?? "").split(" ").filter(Boolean))
        if (!document.getElementById(id)) say(`${name} names nothing`, node);
  if (!document.documentElement.lang) faults.push("the page names no language");
  if (document.querySelectorAll("main").length !== 1) faults.push("not exactly one main");

  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    if (!seen(heading)) continue;
    const next = Number(heading.tagName[1]);
    if (next > level + 1) say(`a heading of level ${next} after ${level}`, heading);
    level = next;
  }
  if (document.querySelectorAll("h1").length !== 1) faults.push("not exactly one h1");

  for (const node of document.querySelectorAll("button, select, summary, input:not([type=hidden])")) {
    const box = node.getBoundingClientRect();
    if (seen(node) && box.width && (box.width < 24 || box.height < 24) && !node.closest("label"))
      say(`too small to tap, ${Math.round(box.width)}x${Math.round(box.height)}`, node);
  }

  const parsed = (text) => {
    const parts = text.match(/[\d.]+/g).map(Number);
    return { rgb: parts.slice(0, 3), alpha: parts[3] ?? 1 };
  };
  const over = (top, under) =>
    top.rgb.map((value, place) => value * top.alpha + under[place] * (1 - top.alpha));
  const ground = (node) => {
    if (!node) return [255, 255, 255];
    const own = parsed(getComputedStyle(node).backgroundColor);
    return own.alpha === 1 ? own.rgb : over(own, ground(node.parentElement));
  };
  const light = (rgb) => {
    const [red, green, blue] = rgb.map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const tried = new Set();
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || tried.has(node) || !seen(node)) continue;
    tried.add(node);
    if (node.closest(".unseen, .skip, option, datalist, script")) continue;
    const style = getComputedStyle(node);
    const back = ground(node);
    const pair = [light(over(parsed(style.color), back)), light(back)].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) say(`contrast ${ratio.toFixed(2)}`, node);
  }
  return faults;
}
