// Makes the canvas one for hands: sent at once, scrolled by two fingers, its buttons large, with a
// word to trace; tells how much room there is. See widgets.py.
const TOOLBAR = '.dc-toolbar button[aria-label="'
const buttonOf = (root, label) => root?.querySelector(`${TOOLBAR}${label}"]`)
const canvasOf = (event) => {
  const path = event.composedPath()
  if (!(path[0] instanceof HTMLCanvasElement)) return null
  return path.find((node) => node instanceof ShadowRoot) ?? null
}

// Each canvas stands in a shadow root, where the page's own style sheets do not reach.
const met = new WeakSet()
const dress = (host, css, triesLeft = 100) => {
  const root = host.shadowRoot
  if (root?.querySelector(".dc-toolbar")) {
    const style = document.createElement("style")
    style.textContent = css
    root.append(style)
  } else if (triesLeft) {
    setTimeout(() => dress(host, css, triesLeft - 1), 50)
  } else {
    met.delete(host)
  }
}
const dressNew = (css) => {
  for (const host of document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')) {
    if (met.has(host)) continue
    met.add(host)
    dress(host, css)
  }
}

// Presses the canvas's own button when a stroke ends.
const sender = () => {
  let root = null
  return {
    down(event) { root = canvasOf(event) },
    up() {
      const button = buttonOf(root, "Update the app with this drawing")
      root = null
      // The canvas adds the stroke in its own handler of this event; let that come first.
      setTimeout(() => button?.click())
    },
    forget() { root = null },
  }
}

// Two fingers on the canvas move the page; what the first one drew until the second came is undone.
const scroller = (send) => {
  let height = null
  let root = null
  let drawsSince = false
  const middle = ({ touches }) => (touches[0].clientY + touches[1].clientY) / 2
  return {
    start(event) {
      if (event.touches.length === 1) {
        root = canvasOf(event)
        drawsSince = Boolean(root)
      } else if (canvasOf(event)) {
        event.stopImmediatePropagation()
        event.preventDefault()
        height = middle(event)
        send.forget()
      }
    },
    move(event) {
      if (height === null) return
      event.stopImmediatePropagation()
      event.preventDefault()
      if (event.touches.length < 2) return
      document.querySelector('[data-testid="stMain"]')?.scrollBy(0, height - middle(event))
      height = middle(event)
    },
    end(event) {
      if (height === null || event.touches.length) return
      height = null
      if (drawsSince) setTimeout(() => buttonOf(root, "Undo")?.click())
    },
  }
}

const SVG = "http://www.w3.org/2000/svg"

// The word to trace, written once; a larger paper moves it without writing it again.
const trace = (parent, { width, height, paths, transform }) => {
  let sheet = parent.querySelector(".pen-ghost")
  if (!sheet) {
    sheet = parent.appendChild(document.createElementNS(SVG, "svg"))
    sheet.setAttribute("class", "pen-ghost")
    sheet.setAttribute("aria-hidden", "true")
    const word = sheet.appendChild(document.createElementNS(SVG, "g"))
    paths.forEach((path, number) => {
      const stroke = word.appendChild(document.createElementNS(SVG, "path"))
      stroke.setAttribute("d", path)
      stroke.setAttribute("pathLength", 1)
      stroke.style.setProperty("--number", number)
    })
  }
  sheet.setAttribute("width", width)
  sheet.setAttribute("height", height)
  sheet.firstChild.setAttribute("transform", transform)
}

// It goes when the pen comes down; later the page's style sheet hides it while there is an answer.
const hideGhost = (event) => {
  if (!canvasOf(event)) return
  const sheet = document.querySelector(".pen-ghost")
  sheet?.classList.add("is-written")
  setTimeout(() => sheet?.classList.remove("is-written"), 3000)
}

const started = new WeakSet()

export default function ({ data, parentElement, setStateValue }) {
  dressNew(data.css)
  trace(parentElement, data.ghost)
  if (started.has(parentElement)) return undefined
  started.add(parentElement)
  const send = sender()
  const scroll = scroller(send)
  const events = [["touchstart", scroll.start], ["touchmove", scroll.move],
    ["touchend", scroll.end], ["touchcancel", scroll.end], ["mousedown", hideGhost],
    ["touchstart", hideGhost], ["mousedown", send.down],
    ["touchstart", send.down], ["mouseup", send.up], ["touchend", send.up]]
  const how = { capture: true, passive: false }
  for (const [name, action] of events) document.addEventListener(name, action, how)
  let told = 0
  const room = new ResizeObserver(() => {
    const width = Math.floor(parentElement.getBoundingClientRect().width)
    if (!width || width === told) return
    told = width
    setStateValue("room", [width, window.innerHeight])
  })
  room.observe(parentElement)
  // Other tabs have canvases too, a new one for each screen of boxes.
  const newcomers = new MutationObserver(() => dressNew(data.css))
  newcomers.observe(document.body, { childList: true, subtree: true })
  return () => {
    room.disconnect()
    newcomers.disconnect()
    for (const [name, action] of events) document.removeEventListener(name, action, how)
  }
}
