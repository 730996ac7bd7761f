"""User scripts: executed only when the setting allows, in a process that can do next to nothing by itself."""
