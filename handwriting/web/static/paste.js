// The widget that takes a picture from the clipboard; see widgets.py.
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
