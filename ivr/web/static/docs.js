// The API's description, drawn by Swagger UI. Changes carry the session's token.
const place = document.getElementById("swagger");
addEventListener("DOMContentLoaded", draw);
if (document.readyState !== "loading") draw();

function draw() {
  if (!window.SwaggerUIBundle || place.dataset.drawn) return;
  place.dataset.drawn = "1";
  window.SwaggerUIBundle({
    url: place.dataset.url,
    domNode: place,
    deepLinking: false,
    validatorUrl: null,
    requestInterceptor: (request) => {
      request.headers["X-CSRF-Token"] = document.body.dataset.csrf;
      return request;
    },
  });
}
