import { begin, make, told } from "./common.js";

const LOOKS = { running: "good", failed: "bad", rejected: "bad", quarantined: "bad" };

function row(plugin) {
  const runs = plugin.state === "running";
  const links = make("td");
  links.append(make("a", { href: `/api/plugins/${plugin.id}` }, "details"), " ");
  if (runs) {
    links.append(make("a", { href: `/${plugin.id}/health` }, "health"), " ");
    links.append(make("a", { href: `/docs#plugin-${plugin.id}` }, "routes"));
  }
  const state = make("td", {}, make("span", { class: LOOKS[plugin.state] }, plugin.state));
  if (plugin.reason) state.append(make("div", { class: "faint" }, plugin.reason));
  const name = make("th", { scope: "row" }, plugin.name);
  name.append(make("div", { class: "faint" }, make("code", {}, plugin.id)));
  return make("tr", {}, name, make("td", {}, plugin.version), state, make("td", {}, plugin.description), links);
}

begin(async () => {
  const [edges, list] = await Promise.all([told("/edges"), told("/api/plugins?all=true")]);
  const edge = edges.edges[0].name;
  document.title = `${edge} – Jackfield`;
  document.getElementById("title").textContent = `Jackfield on ${edge}`;
  const table = document.getElementById("plugins");
  table.querySelector("caption").textContent = list.count ? "Plugins" : "No plugins are installed";
  table.tBodies[0].replaceChildren(...list.plugins.map(row));
  table.hidden = false;
});
