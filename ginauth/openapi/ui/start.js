"use strict";

// Cookies go along by themselves, since the page and the API have one origin. Tokens are forgotten
// with the page: persistAuthorization would leave them in the browser's storage for any script.
window.ui = SwaggerUIBundle({
  dom_id: "#api",
  url: new URL(document.getElementById("api").dataset.document, document.baseURI).href,
  validatorUrl: null,
  persistAuthorization: false,
  queryConfigEnabled: false,
  deepLinking: true,
  displayOperationId: false,
  tryItOutEnabled: false,
});
