// The session as a page sees it: changes carry its token; when it ran out, the password is
// asked for in place, so that nothing typed is lost.
//   import { toast, post, askAgain } from "/static/session.js";

const dialog = document.getElementById("sign-in-again");

export function toast(text) {
  const place = document.getElementById("toasts");
  const line = document.createElement("p");
  line.className = "toast";
  line.textContent = text;
  place.append(line);
  setTimeout(() => line.remove(), 6000);
}

// fetch for changes: with the session's token; an expired session asks for the password.
export async function post(address, body) {
  const isForm = body instanceof FormData || body instanceof URLSearchParams;
  const response = await fetch(address, {
    method: "POST",
    headers: {
      "X-CSRF-Token": document.body.dataset.csrf,
      "X-Fetch": "1",
      ...(isForm ? {} : { "Content-Type": "application/json" }),
    },
    body: isForm ? body : JSON.stringify(body ?? {}),
  });
  if (response.status === 401) askAgain();
  return response;
}

export function askAgain() {
  if (dialog && !dialog.open) dialog.showModal();
}

// What the template says in the page's language.
export function words(name) {
  return dialog?.querySelector(`template[data-words="${name}"]`).content.textContent ?? "";
}

function renew(token) {
  document.body.dataset.csrf = token;
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRF-Token": token }));
  for (const input of document.querySelectorAll('input[name="csrf_token"]')) input.value = token;
}

if (dialog) {
  const form = dialog.querySelector("form");
  const error = dialog.querySelector(".error");
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    error.hidden = true;
    const body = new URLSearchParams({
      login: form.dataset.login,
      password: form.elements.password.value,
    });
    try {
      const response = await fetch("/sign-in", { method: "POST", headers: { "X-Fetch": "1" }, body });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error);
      renew(answer.csrf);
      form.reset();
      dialog.close();
      toast(words("done"));
    } catch (problem) {
      error.textContent = problem instanceof TypeError ? words("offline") : problem.message;
      error.hidden = false;
    }
  });
}
