// What both pages share. Nothing is kept: a token is gone with the page.

let token = "";

/** An element with these attributes and children; text is never read as HTML. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/** Asks the host, as the holder of the token. The header says that no form did it. */
export function ask(url, options = {}) {
  const headers = new Headers(options.headers);
  headers.set("X-Requested-With", "jackfield");
  if (token) headers.set("Authorization", `Bearer ${token}`);
  return fetch(url, { ...options, headers, credentials: "omit", cache: "no-store" });
}

/** What the host says as JSON, or an error with what it says instead. */
export async function told(url) {
  const answer = await ask(url);
  const body = await answer.json();
  if (answer.ok) return body;
  const error = new Error(body.detail ?? `the host answered with ${answer.status}`);
  error.needsToken = answer.status === 401 || answer.status === 403;
  throw error;
}

/** Shows what `load` gives, and asks for a token where it needs one. */
export function begin(load) {
  const [note, access, field] = ["note", "access", "token"].map((id) => document.getElementById(id));
  const attempt = async () => {
    try {
      await load();
      note.hidden = true;
    } catch (error) {
      note.hidden = false;
      note.className = "bad";
      note.textContent = error.message;
      if (error.needsToken) access.hidden = false;
    }
  };
  access.addEventListener("submit", (event) => {
    event.preventDefault();
    token = field.value.trim();
    attempt();
  });
  attempt();
}
