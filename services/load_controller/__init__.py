"""The load controller: lights, blinds and heating do what jobs and people say, and it is told what they reported."""
