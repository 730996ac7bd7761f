"""The documented REST APIs, one package each with the same four parts: routes, wire, errors, translate."""
