// Presses the canvas's own button when a stroke ends; see widgets.py.
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
