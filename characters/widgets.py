"""What the page needs and Streamlit lacks: a chart, a widget for the clipboard, a quick pen."""

import base64
import binascii
import io

import streamlit as st

_PASTE_HTML = """
<button id="paste" type="button">Paste a picture</button>
<button id="remove" type="button" hidden>Remove it</button>
<span id="note" role="status">or press Ctrl+V anywhere on this page</span>
"""

_PASTE_CSS = """
button { font: inherit; color: inherit; cursor: pointer; padding: 0.35rem 0.75rem;
  background: var(--st-secondary-background-color); border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius, 0.5rem); }
button:hover, button:focus-visible { border-color: var(--st-primary-color); }
span { font-size: 0.875rem; opacity: 0.7; margin-left: 0.5rem; }
"""

_PASTE_JS = """
export default function (component) {
  const { parentElement, setStateValue } = component
  const paste = parentElement.querySelector("#paste")
  const remove = parentElement.querySelector("#remove")
  const note = parentElement.querySelector("#note")

  const send = (blob) => {
    const reader = new FileReader()
    reader.onload = () => {
      setStateValue("picture", reader.result)
      remove.hidden = false
      note.textContent = "pasted"
    }
    reader.readAsDataURL(blob)
  }
  const onPaste = (event) => {
    const items = Array.from(event.clipboardData?.items ?? [])
    const picture = items.find((item) => item.type.startsWith("image/"))
    if (picture) send(picture.getAsFile())
  }
  paste.onclick = async () => {
    try {
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find((name) => name.startsWith("image/"))
        if (type) return send(await item.getType(type))
      }
      note.textContent = "there is no picture in the clipboard"
    } catch {
      note.textContent = "the browser keeps the clipboard closed; press Ctrl+V instead"
    }
  }
  remove.onclick = () => {
    setStateValue("picture", null)
    remove.hidden = true
    note.textContent = "removed"
  }
  document.addEventListener("paste", onPaste)
  return () => document.removeEventListener("paste", onPaste)
}
"""

_PEN_JS = """
export default function () {
  let send = null
  const onDown = (event) => {
    const path = event.composedPath()
    const root = path.find((node) => node instanceof ShadowRoot)
    const onCanvas = path[0] instanceof HTMLCanvasElement
    const button = '.dc-toolbar button[aria-label="Update the app with this drawing"]'
    send = onCanvas ? root?.querySelector(button) : null
  }
  const onUp = () => {
    const button = send
    send = null
    // The canvas adds the stroke in its own handler of this event; let that come first.
    setTimeout(() => button?.click())
  }
  const events = [["mousedown", onDown], ["touchstart", onDown], ["mouseup", onUp],
    ["touchend", onUp]]
  for (const [name, action] of events) document.addEventListener(name, action, true)
  return () => {
    for (const [name, action] of events) document.removeEventListener(name, action, true)
  }
}
"""

_paste = st.components.v2.component(
    "characters.paste", html=_PASTE_HTML, css=_PASTE_CSS, js=_PASTE_JS
)
_pen = st.components.v2.component("characters.pen", js=_PEN_JS)


def probability_bars(ranked: list[tuple[str, float]]) -> None:
    """The likeliest characters as bars from 0 to 100%."""
    st.vega_lite_chart(
        [{"character": c, "probability": p} for c, p in ranked],
        {
            "height": 150,
            "mark": "bar",
            "encoding": {
                "x": {
                    "field": "probability",
                    "type": "quantitative",
                    "title": None,
                    "scale": {"domain": [0, 1]},
                    "axis": {"format": "%"},
                },
                "y": {
                    "field": "character",
                    "type": "nominal",
                    "title": None,
                    "sort": "-x",
                    "axis": {"labelFontSize": 15},
                },
            },
        },
    )


def pasted_picture() -> io.BytesIO | None:
    """A widget that takes a picture from the clipboard, by Ctrl+V anywhere or by its button.

    Returns:
        The pasted picture's file, kept in memory, or ``None``.
    """
    data = _paste(key="paste", on_picture_change=lambda: None).picture
    return decode(data) if data else None


def decode(data: str) -> io.BytesIO | None:
    """The content of a base64 ``data:`` address; ``None`` where it is not one."""
    try:
        content = io.BytesIO(base64.b64decode(data.partition(",")[2], validate=True))
    except binascii.Error:
        return None
    content.name = "pasted picture"
    return content


def send_at_pen_up() -> None:
    """Hand a drawing over as soon as the pen is lifted; once on a page with a canvas.

    streamlit-drawable-canvas waits 200 ms after each stroke in case another one follows. Its
    toolbar has a button that does not wait; this shows nothing and presses it whenever a stroke
    ends. Where the button is not found, the canvas's own update still comes.
    """
    _pen(key="pen", height=0)
