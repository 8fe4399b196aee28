"use strict";
const $ = selector => document.querySelector(selector);
const $$ = selector => [...document.querySelectorAll(selector)];
const wait = ms => new Promise(done => setTimeout(done, ms));

// Overlays.
$$("[data-cookies]").forEach(button => button.addEventListener("click", () => {
  button.closest(".cookies").remove();
  fetch("/cookies", {method: "POST"});
}));
const newsletter = $("[data-newsletter]");
if (newsletter) {
  newsletter.showModal();
  newsletter.querySelector("[data-close]").addEventListener("click", () => newsletter.close());
  $("[data-quiet]").addEventListener("submit", event => { event.preventDefault(); newsletter.close(); });
}
const drawer = $("[data-drawer]");
if (drawer) {
  drawer.showModal();
  drawer.querySelector("[data-close]").addEventListener("click", () => drawer.close());
}

// Product page: the price and the button follow the chosen options.
const variants = $("#variants") && JSON.parse($("#variants").textContent);
function chosenOptions() {
  const selects = $$("select[data-option]").map(select => select.value);
  selects.push(...$$("input[type=hidden][data-option]").map(input => input.value));
  const groups = [...new Set($$("input[type=radio][data-option]").map(radio => radio.name))];
  return selects.concat(groups.map(name => ($(`input[name="${name}"]:checked`) || {value: ""}).value));
}
function follow() {
  const button = $("[data-add]"), chosen = chosenOptions();
  const gone = variants.sold_out.some(one => one.join() === chosen.join());
  button.disabled = gone;
  $("[data-price]").textContent = variants.prices[chosen.join()] || $("[data-price]").textContent;
  button.textContent = gone ? variants.sold_out_text : variants.add_text;
  button.classList.toggle("dim", button.classList.contains("dim") && !chosen.every(value => value));
}
$$("[data-option]").forEach(option => option.addEventListener("change", follow));
if ($("[data-option]") && $("[data-add]")) follow();
$$(".dim").forEach(button => button.addEventListener("click", event => {
  if (button.classList.contains("dim")) event.preventDefault();
}));
$$("form[data-alert]").forEach(form => form.addEventListener("submit", event => {
  if (chosenOptions().every(value => value)) return;
  event.preventDefault();
  alert(form.dataset.alert);
}));

// Contact: a password is for members.
$$("input[name=account]").forEach(radio => radio.addEventListener("change", () => {
  $("[data-password]").hidden = radio.value === "guest";
}));

// Address: regions follow the country, a moment later.
const country = $("#country"), region = $("#region");
async function refillRegions() {
  if (!region || region.tagName !== "SELECT") return;
  const known = await (await fetch(`/regions?country=${country.value}`)).json();
  await wait(Number(document.body.dataset.regionDelay));
  const codes = Object.keys(known).sort((a, b) => known[a].localeCompare(known[b]));
  region.replaceChildren(new Option(region.dataset.please, ""), ...codes.map(code => new Option(known[code], code)));
  const free = $("#region_text");
  region.hidden = region.disabled = !codes.length;
  free.hidden = free.disabled = codes.length > 0;
}
if (country) country.addEventListener("change", refillRegions);
$$("[data-listbox]").forEach(button => {
  const list = document.getElementById(button.getAttribute("aria-controls"));
  const show = open => { list.hidden = !open; button.setAttribute("aria-expanded", String(open)); };
  button.addEventListener("click", () => show(list.hidden));
  list.addEventListener("click", event => {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    list.querySelectorAll("[role=option]").forEach(one => one.setAttribute("aria-selected", String(one === option)));
    button.textContent = option.textContent;
    const kept = document.getElementById(button.dataset.listbox);
    kept.value = option.dataset.value;
    kept.dispatchEvent(new Event("change", {bubbles: true}));
    show(false);
  });
});
$$("[data-search]").forEach(input => {
  const list = document.getElementById(input.getAttribute("aria-controls"));
  const show = open => { list.hidden = !open; input.setAttribute("aria-expanded", String(open)); };
  input.addEventListener("input", () => {
    const typed = input.value.toLowerCase();
    list.querySelectorAll("[role=option]").forEach(one => { one.hidden = !one.textContent.toLowerCase().includes(typed); });
    show(true);
  });
  input.addEventListener("focus", () => show(true));
  list.addEventListener("mousedown", event => event.preventDefault());
  list.addEventListener("click", event => {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    list.querySelectorAll("[role=option]").forEach(one => one.setAttribute("aria-selected", String(one === option)));
    input.value = option.textContent;
    const kept = document.getElementById(input.dataset.search);
    kept.value = option.dataset.value;
    kept.dispatchEvent(new Event("change", {bubbles: true}));
    show(false);
  });
  // Leaving the field without a choice leaves nothing chosen, as such widgets do.
  input.addEventListener("blur", () => {
    show(false);
    const kept = document.getElementById(input.dataset.search);
    const chosen = [...list.children].find(one => one.dataset.value === kept.value);
    input.value = chosen ? chosen.textContent : "";
  });
});

// Ways to ship and sums on the page of the address: fetched while it is filled in.
const live = $("[data-live]"), checkout = $("form[data-checkout]");
async function refresh() {
  const typed = new FormData(checkout), asked = new URLSearchParams();
  asked.set("country", typed.get("country") || "");
  asked.set("region", typed.get("region") || typed.get("region_text") || "");
  if (typed.get("rate")) asked.set("rate", typed.get("rate"));
  if (!asked.get("country") || (region && region.tagName === "SELECT" && !region.hidden && !region.value)) return;
  const fresh = new DOMParser().parseFromString(await (await fetch(`/checkout/live?${asked}`)).text(), "text/html");
  for (const part of ["[data-rates]", "[data-totals]"]) {
    const old = $(part), found = fresh.querySelector(part);
    if (old && found && old.innerHTML !== found.innerHTML) old.innerHTML = found.innerHTML;
  }
}
if (live) {
  const late = "late" in checkout.dataset;
  checkout.addEventListener("change", event => {
    if (["country", "region", "region_text", "rate"].includes(event.target.name) && !late) refresh();
    if (event.target.name === "rate" && late) refresh();
  });
  const last = $("#phone");
  if (late) last.addEventListener("blur", async () => { await wait(300); refresh(); });
}

// Payment.
const frame = $("[data-fields]"), cardError = $("[data-card-error]");
$$("input[name=payment]").forEach(radio => radio.addEventListener("change", () => {
  if ($("[data-card]")) $("[data-card]").hidden = radio.value !== "card";
}));
function token() {
  return new Promise(done => {
    addEventListener("message", function heard(event) {
      if (event.origin !== document.body.dataset.payOrigin) return;
      removeEventListener("message", heard);
      done(event.data);
    });
    frame.contentWindow.postMessage("token", document.body.dataset.payOrigin);
  });
}
async function tokenise(form) {
  const answer = await token();
  if (answer.error) { cardError.hidden = false; return false; }
  form.elements.card_token.value = answer.token;
  form.elements.card_last4.value = answer.last4;
  return true;
}

// Review.
const terms = $("[data-terms]"), place = $("[data-place]");
if (terms) terms.addEventListener("change", async () => {
  place.disabled = !terms.checked;
  if (terms.checked) place.textContent = place.dataset.place;
  const swapped = $("[data-swapped]");
  if (!swapped || !terms.checked) return;
  await wait(120);
  const walker = document.createTreeWalker($("[data-totals]"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (walker.currentNode.data.trim() === swapped.dataset.shown) walker.currentNode.data = swapped.dataset.swapped;
  }
});
if (checkout) checkout.addEventListener("submit", async event => {
  const pays = checkout.elements.payment;
  const byCard = frame && pays && pays.value === "card";
  const thrice = "thrice" in checkout.dataset;
  if (!byCard && !thrice) return;
  event.preventDefault();
  if (byCard && !(await tokenise(checkout))) return;
  if (!thrice) { checkout.submit(); return; }
  const send = () => fetch(checkout.action, {method: "POST", body: new URLSearchParams(new FormData(checkout))});
  const answers = await Promise.allSettled([send(), send(), send()]);
  const arrived = answers.find(answer => answer.status === "fulfilled");
  if (arrived) location.href = arrived.value.url;
});
