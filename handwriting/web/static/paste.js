// The widget that takes a picture from the clipboard; see picture_widgets.py.
export default function (component) {
  const { parentElement, data, setTriggerValue } = component
  const paste = parentElement.querySelector("#paste")
  const note = parentElement.querySelector("#note")

  const send = (blob) => {
    if (blob.size > data.megabytes * 2 ** 20) {
      note.textContent = `the picture is larger than ${data.megabytes} MB`
      return
    }
    const reader = new FileReader()
    reader.onload = () => {
      setTriggerValue("picture", reader.result)
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
  // Telephones have no such keys.
  if (matchMedia("(pointer: coarse)").matches) note.textContent = ""
  document.addEventListener("paste", onPaste)
  return () => document.removeEventListener("paste", onPaste)
}
