// Masks over everything in the visible page that a person's data may stand in: fields, what was filled in, text that
// shows a value, and frames of other origins whole. Answers how many there are. `globalThis.masks` is what covers them,
// in the browser's top layer, above dialogs. Runs in a world of its own.
([patterns, refs, fields, colour]) => {
  const FRAMES = "iframe, frame, object, embed", SILENT = "script, style, noscript, template";
  const values = patterns.map(([source, flags]) => new RegExp(source, flags)), boxes = [], unfound = new Set(refs);

  function cover(element, dx, dy) {
    const box = element.getBoundingClientRect();
    if (box.width && box.height) boxes.push([box.left + dx, box.top + dy, box.width, box.height]);
  }

  // The words of an element, without scripts.
  const known = new Map();
  function wordsOf(node) {
    if (node.nodeType === 3) return node.data;
    if (node.nodeType !== 1 || node.matches(SILENT)) return "";
    if (!known.has(node)) known.set(node, [...node.childNodes].map(wordsOf).join(""));
    return known.get(node);
  }

  // The innermost elements that show a value, and whoever shows one beside them.
  function coverText(element, value, dx, dy) {
    if (!value.test(wordsOf(element))) return;
    const inner = [...element.children].filter((child) => value.test(wordsOf(child)));
    const own = [...element.childNodes].filter((node) => node.nodeType === 3).map(wordsOf).join(" ");
    if (!inner.length || value.test(own)) cover(element, dx, dy);
    for (const child of inner) coverText(child, value, dx, dy);
  }

  function coverIn(root, noted, dx, dy) {
    const chosen = new Set();
    for (const ref of refs) {
      const element = noted?.get(ref)?.deref();
      if (element?.isConnected && chosen.add(element)) unfound.delete(ref);
    }
    for (const element of root.querySelectorAll("*")) {
      if (element.matches(fields) || chosen.has(element)) cover(element, dx, dy);
      if (element.matches(FRAMES)) coverFrame(element, dx, dy);
      if (element.shadowRoot) coverIn(element.shadowRoot, noted, dx, dy);
    }
    for (const child of root.children) for (const value of values) coverText(child, value, dx, dy);
  }

  function coverFrame(frame, dx, dy) {
    let inside = null, noted = null;
    try { inside = frame.contentDocument; noted = frame.contentWindow?.noted; } catch { inside = null; }
    if (!inside) return cover(frame, dx, dy);
    const box = frame.getBoundingClientRect();
    coverIn(inside, noted, dx + box.left + frame.clientLeft, dy + box.top + frame.clientTop);
  }

  coverIn(document, globalThis.noted, 0, 0);
  // What was filled in and cannot be found any more may still be shown by a list.
  if (unfound.size) for (const list of document.querySelectorAll("select")) cover(list, 0, 0);
  const masks = globalThis.masks = document.createElement("div"), inner = masks.attachShadow({ mode: "closed" });
  const style = { all: "initial", display: "block", position: "fixed", inset: "0", width: "100%", height: "100%",
                  margin: "0", border: "0", padding: "0", overflow: "hidden", background: "transparent", "pointer-events": "none" };
  for (const [name, value] of Object.entries(style)) masks.style.setProperty(name, value, "important");
  for (const [left, top, width, height] of boxes) {
    const mask = document.createElement("div");
    mask.style.cssText = `position:absolute;left:${left}px;top:${top}px;width:${width}px;height:${height}px;background:${colour}`;
    inner.append(mask);
  }
  masks.popover = "manual";
  document.documentElement.append(masks);
  masks.showPopover();
  return boxes.length;
}
