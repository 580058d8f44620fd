"""The page: its tabs, canvas and widgets; JavaScript and CSS in static/."""
