// The simulator's page: its figures, and what has happened. A plain ES module that needs nothing else.

export const name = "simulator";

// The incidents that the plugin notifies of when one is opened or resolved.
export const notificationConfig = { topic: "incident", idField: "id" };

const EVERY_MS = 2000;

// What was heard of incidents before their rows were there.
const heard = new Map();

export function template() {
  return `
    <section class="simulator">
      <h2>Figures</h2>
      <table><tbody data-part="figures"></tbody></table>
      <h2>Incidents</h2>
      <form data-part="open">
        <input name="title" placeholder="what happens" maxlength="200" required>
        <select name="severity">
          <option>minor</option><option>major</option><option>critical</option>
        </select>
        <button>Open</button>
      </form>
      <ul data-part="incidents"></ul>
    </section>`;
}

export function css() {
  return `
    .simulator td { padding: 0.1rem 1rem 0.1rem 0; }
    .simulator td + td { text-align: right; font-variant-numeric: tabular-nums; }
    .simulator li[data-state="resolved"] { opacity: 0.5; }`;
}

function part(page, wanted) {
  return page.querySelector(`[data-part="${wanted}"]`);
}

function cell(row, text) {
  row.insertCell().textContent = text;
}

async function showFigures(page, api) {
  const told = await api.fetch("metrics");
  const body = part(page, "figures");
  body.replaceChildren();
  for (const [figure, value] of Object.entries(told.metrics)) {
    const row = body.insertRow();
    cell(row, figure);
    cell(row, value.toFixed(2));
  }
}

function showIncident(page, api, incident) {
  const list = part(page, "incidents");
  let item = list.querySelector(`[data-id="${Number(incident.id)}"]`);
  if (!item) {
    item = document.createElement("li");
    item.dataset.id = incident.id;
    list.prepend(item);
  }
  item.dataset.state = incident.state;
  item.textContent = `${incident.severity}: ${incident.title} `;
  if (incident.state === "open") {
    const button = document.createElement("button");
    button.textContent = "Resolve";
    button.addEventListener("click", () => {
      send(page, api, `incidents/${incident.id}/resolve`, {});
    });
    item.append(button);
  }
}

async function showIncidents(page, api) {
  const { incidents } = await api.fetch("incidents");
  for (const incident of incidents) {
    showIncident(page, api, heard.get(incident.id) ?? withState(incident));
  }
  heard.clear();
}

// As a notification has it.
function withState(incident) {
  return { ...incident, state: incident.open ? "open" : "resolved" };
}

// The answer is shown at once, whether or not the notification of it comes.
async function send(page, api, path, body) {
  try {
    const incident = await api.fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    showIncident(page, api, withState(incident));
  } catch (error) {
    api.flash(String(error.message ?? error), false);
  }
}

export function init(page, api) {
  const form = part(page, "open");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await send(page, api, "incidents", Object.fromEntries(new FormData(form)));
    form.reset();
  });
  const timer = setInterval(() => {
    if (!page.isConnected) {
      clearInterval(timer);
      return;
    }
    showFigures(page, api).catch(() => {});
  }, EVERY_MS);
  return onShow(page, api);
}

export async function onShow(page, api) {
  try {
    await Promise.all([showFigures(page, api), showIncidents(page, api)]);
  } catch (error) {
    api.flash(String(error.message ?? error), false);
  }
}

export function onNotification(message, page, api) {
  const incident = message.data;
  if (part(page, "incidents")) {
    showIncident(page, api, incident);
  } else {
    heard.set(incident.id, incident);
  }
}
