// What a person sees on the page: text in blocks, text where it is painted, controls, and what the page declares.
// Runs in a world of its own, where the page's scripts cannot change what DOM and JSON functions do.
(() => {
  const MAX_NODES = 20000, MAX_CHUNKS = 4000;
  const SKIPPED = new Set(["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE", "SVG", "svg", "CANVAS", "VIDEO", "AUDIO", "OBJECT"]);
  const ROLES = new Set(["button", "radio", "checkbox", "option", "combobox", "link", "switch", "tab", "spinbutton", "textbox"]);
  const chunks = [], runs = [], controls = [];
  let ids = new Map(), seen = 0, closed = 0, open = null, pending = "";
  const idOf = (element) => { if (!ids.has(element)) ids.set(element, ids.size + 1); return ids.get(element); };
  const squeezed = (text) => text.replace(/\s+/g, " ");
  // References of controls, kept as long as their document; none in frames, whose documents may go by themselves.
  const refs = (globalThis.controlRefs ??= new WeakMap()), noted = (globalThis.noted ??= new Map());
  function refOf(element) {
    if (element.ownerDocument !== document) return "";
    if (!refs.has(element)) {
      const ref = `r${(globalThis.controlCount = (globalThis.controlCount || 0) + 1)}`;
      refs.set(element, ref);
      noted.set(ref, new WeakRef(element));
    }
    return refs.get(element);
  }

  function flush() {
    if (open && open.text.trim()) { open.text = open.text.trim(); chunks.push(open); }
    else if (open) for (let i = runs.length - 1; i >= 0 && runs[i].chunk === chunks.length; i--) runs.pop();
    open = null; pending = "";
  }

  function rgb(colour) {
    const parts = (colour.match(/[\d.]+/g) || []).map(Number);
    return { r: parts[0] || 0, g: parts[1] || 0, b: parts[2] || 0, a: parts.length > 3 ? parts[3] : 1 };
  }

  function meet(a, b) {
    if (!a) return b;
    return { left: Math.max(a.left, b.left), top: Math.max(a.top, b.top),
             right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom) };
  }

  const isNothing = (clip) => clip && (clip.right - clip.left < 1 || clip.bottom - clip.top < 1);

  // The painted part of a box: nothing when clipped away or outside everything that can be scrolled to.
  function painted(rect, at) {
    if (rect.width < 1 || rect.height < 1) return null;
    const box = { left: rect.left + at.dx, top: rect.top + at.dy, right: rect.right + at.dx, bottom: rect.bottom + at.dy };
    const shown = meet(at.clip, box);
    if (isNothing(shown)) return null;
    const clippedMost = (shown.right - shown.left) * (shown.bottom - shown.top) < 0.4 * rect.width * rect.height;
    if (clippedMost) return null;
    const view = at.view, right = box.right + (at.dx ? 0 : view.scrollX), bottom = box.bottom + (at.dy ? 0 : view.scrollY);
    if (right <= 0 || bottom <= 0) return null;
    const width = Math.max(view.document.documentElement.scrollWidth, view.innerWidth);
    if (!at.dx && box.left + view.scrollX >= width) return null;
    return { x: box.left, y: box.top, w: rect.width, h: rect.height };
  }

  // Where a text node is painted, a line at a time.
  function linesOf(node, at) {
    const range = node.ownerDocument.createRange();
    range.selectNodeContents(node);
    const rects = [...range.getClientRects()];
    const text = squeezed(node.nodeValue);
    if (rects.length === 1 || node.nodeValue.length > 2000) return [{ text, rect: rects[0] }];
    const lines = [];
    for (const match of node.nodeValue.matchAll(/\S+\s*/g)) {
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].trimEnd().length);
      const rect = range.getBoundingClientRect(), last = lines[lines.length - 1];
      if (last && Math.abs(last.rect.top - rect.top) < rect.height / 2) {
        last.text += squeezed(match[0]);
        const left = Math.min(last.rect.left, rect.left), right = Math.max(last.rect.right, rect.right);
        last.rect = { left, top: last.rect.top, right, bottom: last.rect.bottom, width: right - left, height: last.rect.height };
      } else lines.push({ text: (lines.length ? "" : text.match(/^ ?/)[0]) + squeezed(match[0]), rect });
    }
    return lines;
  }

  function readText(node, at, style) {
    const bare = node.nodeValue;
    if (!bare.trim()) { if (open && /\s/.test(bare)) open.text += open.text.endsWith(" ") ? "" : " "; return; }
    if (at.struck || parseFloat(style.fontSize) < 4 || style.visibility !== "visible") return;
    const ink = rgb(style.webkitTextFillColor || style.color);
    if (ink.a < 0.1) return;
    const ground = at.ground;
    if (ground && ink.r === ground.r && ink.g === ground.g && ink.b === ground.b) return;
    for (const { text, rect } of linesOf(node, at)) {
      const box = rect && painted(rect, at);
      if (!box) continue;
      const size = parseFloat(style.fontSize), trimmed = text.trim();
      if (!open) open = { text: "", path: at.path, ...box, heading: at.heading, link: true, button: at.button, zone: at.zone,
                          alert: at.alert, aria: at.aria, odd: false, unheard: at.unheard, th: at.th };
      const last = runs[runs.length - 1];
      const follows = last && last.chunk === chunks.length;
      let joint = "";
      if (follows && open.text && !/\s$/.test(open.text) && !/^\s/.test(text)) {
        const superscript = at.raised && /^\d{2}$/.test(trimmed) && /\d$/.test(open.text);
        const apart = box.x - (last.x + last.w) > 0.2 * size || Math.abs(box.y + box.h / 2 - last.y - last.h / 2) > last.h;
        joint = superscript ? "." : apart || at.boxed ? " " : "";
      }
      const odd = /[\u202A-\u202E\u2066-\u2069]/.test(bare) || /override|plaintext/.test(style.unicodeBidi) || at.generated;
      open.text += joint + pending + text;
      open.link = open.link && at.link; open.odd = open.odd || odd; open.unheard = open.unheard && at.unheard;
      open.button = open.button || at.button; open.aria = open.aria || at.aria; open.heading = open.heading || at.heading;
      open.x = Math.min(open.x, box.x); open.y = Math.min(open.y, box.y);
      runs.push({ text: (joint === "." ? "." : "") + pending + trimmed, ...box, chunk: chunks.length, button: at.button, odd });
      pending = "";
    }
  }

  // Generated text counts when it is a currency; digits in it make the block untrustworthy.
  function generated(element, which, view) {
    const content = view.getComputedStyle(element, which).content || "";
    const said = content.startsWith('"') ? content.slice(1, -1) : "";
    if (/\d/.test(said)) return { digits: true, text: "" };
    return { digits: false, text: /^\s*(\p{Sc}|[A-Z]{3})\s*$/u.test(said) ? said : "" };
  }

  // A label's own words, without those of the select it may enclose.
  function wordsOf(label) {
    if (!label.querySelector("select,textarea")) return label.innerText;
    const copy = label.cloneNode(true);
    copy.querySelectorAll("select,textarea,button").forEach((inner) => inner.remove());
    return copy.textContent;
  }

  function nameOf(element) {
    const by = (element.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean)
      .map((id) => element.getRootNode().getElementById?.(id)?.textContent || "").join(" ");
    const labels = [...(element.labels || [])].map(wordsOf).join(" ");
    const own = element.tagName === "INPUT" ? (/submit|button|reset/.test(element.type) ? element.value : "")
      : element.tagName === "SELECT" || element.tagName === "TEXTAREA" ? "" : element.innerText || element.textContent;
    const alt = element.querySelector?.("img[alt]")?.alt || element.alt;
    const candidates = [by, element.getAttribute("aria-label"), labels, own, alt, element.title, element.placeholder];
    return squeezed(candidates.find((text) => text && text.trim()) || "").trim().slice(0, 300);
  }

  function readControl(element, at, style) {
    const tag = element.tagName, type = (element.type || "").toLowerCase();
    const role = (element.getAttribute("role") || "").toLowerCase();
    const isOne = /^(INPUT|SELECT|TEXTAREA|BUTTON)$/.test(tag) || (tag === "A" && element.href) || ROLES.has(role);
    if (!isOne || type === "hidden") return;
    const shown = (box) => box && painted(box.getBoundingClientRect(), at);
    const own = at.faint || style.visibility !== "visible" ? null : shown(element);
    const label = element.labels && [...element.labels].map((l) => ({ l, box: shown(l) })).find(({ l, box }) => box && l.innerText.trim());
    const box = own || (/radio|checkbox/.test(type) && label && label.box);
    if (!box) return;
    const secret = type === "password" || /^cc-/.test(element.autocomplete || "");
    const form = element.form || element.closest("form");
    controls.push({
      ref: refOf(element), tag, type: tag === "SELECT" ? "select" : type, role, name: nameOf(element), path: [...at.path, idOf(element)], ...box,
      words: own && tag !== "SELECT" ? squeezed(element.innerText || (/submit|button/.test(type) ? element.value : "") || "").trim().slice(0, 300) : "",
      key: `${element.name || ""} ${element.id || ""} ${element.autocomplete || ""}`, group: element.name || "",
      value: secret || /submit|button|image/.test(type) ? "" : String(element.value ?? "").slice(0, 500),
      checked: "checked" in element && /radio|checkbox/.test(type) ? element.checked
        : ["aria-checked", "aria-pressed", "aria-selected", "aria-current"].some((a) => /^(true|page|step)$/.test(element.getAttribute(a) || "")),
      disabled: !!element.disabled || element.getAttribute("aria-disabled") === "true" || /(^|[\s_-])disabled($|[\s_-])/.test(element.className || "")
        || !!element.closest("[inert]"),
      secret, zone: at.zone, href: tag === "A" ? element.href : "", form: form ? idOf(form) : 0, chunk: chunks.length,
      options: tag === "SELECT" ? [...element.options].slice(0, 400).map((o) => ({
        text: squeezed(o.text).trim(), value: o.value, selected: o.selected, disabled: o.disabled })) : [],
      legend: squeezed(element.closest("fieldset")?.querySelector("legend")?.innerText
        || element.closest("[role=radiogroup],[role=group],[role=listbox]")?.getAttribute("aria-label") || "").trim().slice(0, 200),
    });
  }

  function inside(element, at, style, view) {
    const tag = element.tagName, role = element.getAttribute("role") || "";
    const next = { ...at, path: [...at.path, idOf(element)] };
    if (element.getAttribute("aria-hidden") === "true") next.unheard = true;
    if (/^(DEL|S|STRIKE)$/.test(tag) || style.textDecorationLine.includes("line-through")) next.struck = true;
    if (/^H[1-6]$/.test(tag) || role === "heading" || tag === "LEGEND") next.heading = true;
    if (tag === "A") next.link = true;
    if (tag === "TH") next.th = true;
    if (tag === "BUTTON" || role === "button" || (tag === "A" && role === "tab")) next.button = true;
    next.raised = tag === "SUP" || (/super|top|text-top/.test(style.verticalAlign) && style.display.startsWith("inline") && at.size
      && parseFloat(style.fontSize) < at.size);
    next.size = parseFloat(style.fontSize);
    next.boxed = style.display.startsWith("inline-");
    if (/^(NAV|HEADER|FOOTER|ASIDE|DIALOG|MAIN)$/.test(tag)) next.zone = tag.toLowerCase();
    else if (/^(navigation|banner|contentinfo|complementary|dialog|main)$/.test(role)) next.zone = role;
    const label = element.getAttribute("aria-label");
    if (label && !/^(A|BUTTON|INPUT|SELECT|NAV|SECTION|FORM|MAIN|TABLE|UL|OL)$/.test(tag)) next.aria = squeezed(label).trim();
    const className = typeof element.className === "string" ? element.className : "";
    if (/^(alert|status|alertdialog)$/.test(role) || /assertive/.test(element.getAttribute("aria-live") || "")
        || /(^|[\s_-])(errors?|alert|danger|invalid|errorlist)($|[\s_-])/i.test(className)) next.alert = true;
    const ground = rgb(style.backgroundColor);
    if (style.backgroundImage !== "none") next.ground = null;
    else if (ground.a > 0.9) next.ground = ground;
    if (style.position === "fixed") next.clip = at.frame;
    else if (style.position === "absolute") next.clip = at.holder;
    if (tag !== "BODY" && tag !== "HTML") {
      const hides = /hidden|clip/.test(style.overflowX) || /hidden|clip/.test(style.overflowY);
      const scrolls = /auto|scroll/.test(style.overflowX + style.overflowY);
      const rect = element.getBoundingClientRect();
      const box = { left: rect.left + at.dx, top: rect.top + at.dy, right: rect.right + at.dx, bottom: rect.bottom + at.dy };
      if (scrolls) next.clip = isNothing(meet(next.clip, box)) ? box : null;
      else if (hides) next.clip = meet(next.clip, box);
    }
    if (style.position !== "static" || style.transform !== "none") next.holder = next.clip;
    return next;
  }

  function readFrame(element, at) {
    const rect = element.getBoundingClientRect();
    if (!painted(rect, at)) return;
    let doc = null;
    try { doc = element.contentDocument; } catch { doc = null; }
    if (!doc || !doc.body) { closed++; return; }
    const frame = { left: rect.left + at.dx, top: rect.top + at.dy, right: rect.right + at.dx, bottom: 1e7 };
    flush();
    walk(doc.body, { ...at, dx: at.dx + rect.left, dy: at.dy + rect.top, clip: frame, holder: frame, frame, view: doc.defaultView,
                     path: [...at.path, idOf(element)], ground: { r: 255, g: 255, b: 255 } });
    flush();
  }

  function walk(element, at) {
    if (++seen > MAX_NODES || chunks.length > MAX_CHUNKS || SKIPPED.has(element.tagName)) return;
    const view = at.view, style = view.getComputedStyle(element);
    if (style.display === "none" || style.contentVisibility === "hidden") return;
    const clipped = /inset\((50|100)%|circle\(0/.test(style.clipPath) || /^rect\((0px|1px), (0px|1px), (0px|1px), (0px|1px)\)/.test(style.clip);
    const opacity = at.opacity * parseFloat(style.opacity), faint = clipped || opacity < 0.1;
    const inner = inside(element, at, style, view);
    inner.opacity = opacity; inner.faint = faint;
    readControl(element, { ...at, faint }, style);
    if (faint || /^(SELECT|TEXTAREA|INPUT)$/.test(element.tagName)) return;
    if (element.tagName === "IFRAME") return readFrame(element, at);
    if (element.tagName === "BR") return flush();
    const isBlock = !(style.display.startsWith("inline") || style.display === "contents") || inner.button !== at.button;
    if (isBlock) flush();
    const before = generated(element, "::before", view), after = generated(element, "::after", view);
    inner.generated = at.generated || before.digits || after.digits;
    pending += before.text;
    const children = element.shadowRoot ? element.shadowRoot.childNodes
      : element.tagName === "SLOT" && element.assignedNodes().length ? element.assignedNodes() : element.childNodes;
    for (const child of children) {
      if (child.nodeType === 3) readText(child, inner, style);
      else if (child.nodeType === 1) walk(child, inner);
    }
    if (after.text && open) { open.text += after.text; if (runs.length) runs[runs.length - 1].text += after.text; }
    if (isBlock) flush();
  }

  const of = (name) => document.querySelector(`meta[property="${name}"],meta[name="${name}"]`)?.content || "";
  const items = [...document.querySelectorAll("[itemprop]")].slice(0, 300).map((element) => ({
    name: element.getAttribute("itemprop"), value: squeezed(element.getAttribute("content") || element.getAttribute("href") || element.textContent || "").trim().slice(0, 300),
    type: element.closest("[itemscope]")?.getAttribute("itemtype") || "" }));
  if (document.body) {
    walk(document.body, { path: [], dx: 0, dy: 0, clip: null, holder: null, frame: null, view: window, opacity: 1, zone: "", aria: "",
      ground: { r: 255, g: 255, b: 255 }, struck: false, heading: false, link: false, button: false, alert: false, unheard: false,
      raised: false, boxed: false, generated: false, faint: false, th: false, size: 0 });
    flush();
  }
  return JSON.stringify({
    url: location.href, title: document.title, lang: document.documentElement.lang || "", steps: history.length,
    chunks, runs, controls, closed, items,
    data: [...document.querySelectorAll('script[type="application/ld+json"]')].slice(0, 20).map((script) => script.textContent.slice(0, 100000)),
    metas: Object.fromEntries(["og:title", "og:type", "og:price:amount", "og:price:currency", "product:price:amount",
      "product:price:currency", "og:availability", "product:availability"].map((name) => [name, of(name)])),
  });
})()
