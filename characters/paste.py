"""A Streamlit widget that takes a picture from the clipboard: Ctrl+V anywhere, or a button."""

import base64
import binascii
import io

import streamlit as st

_HTML = """
<button id="paste" type="button">Paste a picture</button>
<button id="remove" type="button" hidden>Remove it</button>
<span id="note" role="status">or press Ctrl+V anywhere on this page</span>
"""

_CSS = """
button { font: inherit; color: inherit; cursor: pointer; padding: 0.35rem 0.75rem;
  background: var(--st-secondary-background-color); border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius, 0.5rem); }
button:hover, button:focus-visible { border-color: var(--st-primary-color); }
span { font-size: 0.875rem; opacity: 0.7; margin-left: 0.5rem; }
"""

_JS = """
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

_widget = st.components.v2.component("characters.paste", html=_HTML, css=_CSS, js=_JS)


def pasted_picture() -> io.BytesIO | None:
    """Show the widget; the pasted picture's file, kept in memory, or ``None``."""
    data = _widget(key="paste", on_picture_change=lambda: None).picture
    return decode(data) if data else None


def decode(data: str) -> io.BytesIO | None:
    """The content of a base64 ``data:`` address; ``None`` where it is not one."""
    try:
        content = io.BytesIO(base64.b64decode(data.partition(",")[2], validate=True))
    except binascii.Error:
        return None
    content.name = "pasted picture"
    return content
