// Hands a picture from the clipboard to the page's file uploader; see picture_widgets.py.
const uploader = () => Array.from(document.querySelectorAll('input[type="file"]'))
  .find(({ accept }) => accept.includes(".png"))

export default function ({ parentElement }) {
  const paste = parentElement.querySelector("#paste")
  const note = parentElement.querySelector("#note")

  const send = (blob) => {
    const input = uploader()
    if (!input) {
      note.textContent = "open the list of sources first"
      return
    }
    const files = new DataTransfer()
    const name = `pasted image.${blob.type.split("/")[1]}`
    files.items.add(new File([blob], name, { type: blob.type }))
    input.files = files.files
    input.dispatchEvent(new Event("change", { bubbles: true }))
    note.textContent = "pasted"
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
      note.textContent = "there is no image in the clipboard"
    } catch {
      note.textContent = "the browser keeps the clipboard closed; press Ctrl+V instead"
    }
  }
  // Telephones have no such keys.
  if (matchMedia("(pointer: coarse)").matches) note.textContent = ""
  document.addEventListener("paste", onPaste)
  return () => document.removeEventListener("paste", onPaste)
}
