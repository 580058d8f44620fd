"""The web app: tabs, canvas and widgets; JavaScript and CSS are in static/."""
