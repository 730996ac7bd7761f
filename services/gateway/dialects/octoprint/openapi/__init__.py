"""The OpenAPI document of OctoPrint's API: a table of operations, and how a document is made of it and the routes."""
