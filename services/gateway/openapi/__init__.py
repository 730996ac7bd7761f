"""OpenAPI documents of the dialects: what a row says of a route, and how a document is made of rows and routes."""
