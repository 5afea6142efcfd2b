// The documentation: Swagger UI over the server's own OpenAPI document, which no other server is told of.

window.SwaggerUIBundle({ url: "/openapi.json", dom_id: "#documentation", deepLinking: true, validatorUrl: null });
