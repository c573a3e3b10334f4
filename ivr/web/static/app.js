// On every page: lists by keyboard, the session, what htmx needs to know, small helpers of forms.
import "./list.js";
import { askAgain, toast, words } from "./session.js";

document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) return askAgain();
  const text = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  toast(text.body.textContent.trim().slice(0, 300));
});
document.addEventListener("htmx:sendError", () => toast(words("offline")));
// A form that is wrong comes back with 422 and is shown.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// What is wrong, and where one is, is in sight.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
document.querySelector("form [aria-invalid='true']")?.focus();

// <form data-confirm="…">: asked before it is sent.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});
// <form data-auto>: filters apply as they are chosen.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]");
  if (form) form.requestSubmit();
});
