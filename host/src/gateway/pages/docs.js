import { ask, begin, make, told } from "./common.js";

// No more of an answer is shown.
const SHOWN = 256 * 1024;

let api = {};

/** What a reference within the document means. */
function resolve(value) {
  const reference = value?.$ref;
  if (typeof reference !== "string" || !reference.startsWith("#/")) return value;
  const parts = reference.slice(2).split("/");
  return parts.reduce((at, part) => at?.[part.replaceAll("~1", "/").replaceAll("~0", "~")], api);
}

function shape(schema) {
  return make("pre", { tabindex: "0" }, JSON.stringify(schema, null, 2));
}

function kind(schema) {
  const { type, enum: values, format } = resolve(schema) ?? {};
  if (values) return values.join(", ");
  return [[type].flat().join(" or "), format].filter(Boolean).join(", ") || "any";
}

function table(caption, heads, rows) {
  const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)));
  const lines = rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell))));
  return make("table", {}, make("caption", {}, caption), make("thead", {}, head), make("tbody", {}, ...lines));
}

function parameters(list) {
  const rows = list.map((one) => [
    make("code", {}, one.name),
    one.in,
    kind(one.schema) + (one.required ? ", required" : ""),
    one.description ?? "",
  ]);
  return table("Parameters", ["Name", "In", "Kind", "What"], rows);
}

function responses(told) {
  const rows = Object.entries(told).map(([status, response]) => {
    const { description, content = {} } = resolve(response);
    const cell = make("span", {}, description);
    if (response.$ref) return [status, cell];
    for (const [type, { schema }] of Object.entries(content)) {
      const details = make("details", {}, make("summary", {}, type), shape(schema));
      cell.append(details);
    }
    return [status, cell];
  });
  return table("Answers", ["Status", "What"], rows);
}

function field(id, label, input) {
  input.id = id;
  return make("div", { class: "field" }, make("label", { for: id }, label), input);
}

/** A form that asks for it. */
function attempt(path, method, operation) {
  const list = operation.parameters ?? [];
  const id = operation.operationId;
  const fields = list.map((one) => {
    const input = make("input", { autocomplete: "off", spellcheck: "false" });
    input.required = one.required;
    return { ...one, input };
  });
  const form = make("form", {}, make("h3", {}, "Try it"));
  for (const { name, in: place, input } of fields) form.append(field(`${id}-${place}-${name}`, `${name} (${place})`, input));
  const type = Object.keys(operation.requestBody?.content ?? {})[0];
  const body = make("textarea", { spellcheck: "false" });
  if (type) form.append(field(`${id}-body`, `Body (${type})`, body));
  const send = make("button", {}, "Send");
  const stop = make("button", { type: "button", disabled: "" }, "Stop");
  const output = make("div", { role: "status" });
  form.append(send, " ", stop, output);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const abort = new AbortController();
    stop.onclick = () => abort.abort();
    stop.disabled = false;
    const request = { method: method.toUpperCase(), signal: abort.signal, headers: {} };
    for (const one of fields.filter((one) => one.in === "header" && one.input.value)) {
      request.headers[one.name] = one.input.value;
    }
    if (type && body.value) {
      request.body = body.value;
      request.headers["Content-Type"] = type;
    }
    await show(output, address(path, fields), request);
    stop.disabled = true;
  });
  return form;
}

function address(path, fields) {
  const query = new URLSearchParams();
  for (const { name, in: place, schema, input } of fields) {
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(input.value));
    if (place !== "query" || !input.value) continue;
    const isList = [resolve(schema)?.type].flat().includes("array");
    for (const value of isList ? input.value.split(",") : [input.value]) query.append(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

async function show(output, url, request) {
  const began = performance.now();
  const head = make("p", {}, make("code", {}, `${request.method} ${url}`), " …");
  const text = make("pre", { tabindex: "0" });
  output.replaceChildren(head, text);
  try {
    const answer = await ask(url, request);
    const took = `${Math.round(performance.now() - began)} ms`;
    const status = make("strong", { class: answer.ok ? "good" : "bad" }, `${answer.status} ${answer.statusText}`);
    head.replaceChildren(make("code", {}, `${request.method} ${url}`), " ", status, ` after ${took}`);
    const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    output.insertBefore(make("pre", { tabindex: "0" }, headers), text);
    await read(answer, text);
  } catch (error) {
    const isStopped = error.name === "AbortError";
    head.append(make("span", { class: isStopped ? "faint" : "bad" }, isStopped ? ", stopped" : ` ${error.message}`));
  }
}

/** Shows a body as it comes: one in parts may have no end. */
async function read(answer, text) {
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let length = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    text.append(value.slice(0, SHOWN - length));
    length += value.length;
    if (length >= SHOWN) {
      text.append("\n… and more, which is not shown");
      await reader.cancel();
      break;
    }
  }
  if (answer.headers.get("content-type")?.startsWith("application/json")) {
    try {
      text.textContent = JSON.stringify(JSON.parse(text.textContent), null, 2);
    } catch {
      // Too long to be shown whole: it stays as it came.
    }
  }
}

function route(path, method, operation) {
  const summary = make("summary", {}, make("span", { class: "method" }, method.toUpperCase()));
  summary.append(make("span", { class: "path" }, path));
  if (operation.summary) summary.append(make("span", { class: "faint" }, ` – ${operation.summary}`));
  const details = make("details", { class: "route", id: operation.operationId }, summary);
  details.dataset.words = `${method} ${path} ${operation.summary ?? ""}`.toLowerCase();
  // Most are never opened.
  details.addEventListener("toggle", () => {
    if (!details.open || details.children.length > 1) return;
    const inner = make("div");
    if (operation.description) inner.append(make("p", { class: "about" }, operation.description));
    if (operation.parameters) inner.append(parameters(operation.parameters));
    for (const [type, { schema }] of Object.entries(operation.requestBody?.content ?? {})) {
      inner.append(make("h3", {}, `Body: ${type}`), shape(schema));
    }
    inner.append(responses(operation.responses), attempt(path, method, operation));
    details.append(inner);
  });
  return details;
}

function section({ name, description }) {
  const id = name === "the host" ? "host" : `plugin-${name}`;
  const routes = [];
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (operation.tags[0] === name) routes.push(route(path, method, operation));
    }
  }
  const head = make("h2", { id }, name);
  return make("section", { "aria-labelledby": id }, head, make("p", { class: "about" }, description), ...routes);
}

function filter(words) {
  for (const details of document.querySelectorAll("details.route")) {
    details.hidden = !details.dataset.words.includes(words);
  }
  for (const part of document.querySelectorAll("section")) {
    part.hidden = words !== "" && !part.querySelector("details.route:not([hidden])");
  }
}

/** Opens what the address names. */
function jump() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.matches("details")) target.open = true;
  target?.scrollIntoView();
}

begin(async () => {
  api = await told("/openapi.json");
  const [host, ...plugins] = api.tags;
  document.getElementById("routes").replaceChildren(...[...plugins, host].map(section));
  if (api.security) document.getElementById("access").hidden = false;
  const input = document.getElementById("filter");
  input.oninput = () => filter(input.value.trim().toLowerCase());
  filter(input.value.trim().toLowerCase());
  jump();
});
addEventListener("hashchange", jump);
