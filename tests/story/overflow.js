// What sticks out of the window sideways, also with each thing that folds unfolded; [] for nothing.
() => {
  const wide = () => document.documentElement.scrollWidth > window.innerWidth;
  const guilty = () => [...document.querySelectorAll("body *")]
    .filter((node) => node.getBoundingClientRect().right > window.innerWidth + 0.5)
    .map((node) => node.outerHTML.slice(0, 100));
  if (wide()) return guilty();
  for (const details of document.querySelectorAll("details")) {
    const was = details.open;
    details.open = true;
    if (wide()) return guilty();
    details.open = was;
  }
  return [];
}
