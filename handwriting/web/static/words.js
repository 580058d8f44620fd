// A picture with its words outlined and its text beside it; see picture_widgets.py.
const SVG = "http://www.w3.org/2000/svg"

const make = (parent, tag, attributes, text) => {
  const element = parent.appendChild(document.createElement(tag))
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  if (text !== undefined) element.textContent = text
  return element
}

const makeSvg = (parent, tag, attributes) => {
  const element = parent.appendChild(document.createElementNS(SVG, tag))
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  return element
}

const shown = (character) => (character === " " ? "␣" : character)
const percent = (probability) => (probability < 0.01 ? "<1%" : `${Math.round(100 * probability)}%`)

export default function ({ parentElement: root, data, setStateValue }) {
  const picture = root.querySelector(".picture")
  // What was chosen here is newer than what comes back from the server.
  if (picture.dataset.id === data.id) return
  picture.dataset.id = data.id
  const text = root.querySelector(".text")
  const said = root.querySelector(".said")
  const copy = root.querySelector(".copy")
  copy.hidden = !data.lines.length
  picture.replaceChildren()
  text.replaceChildren()
  said.textContent = ""
  const lines = data.lines.map((line) => [...line.text])
  const taken = new Map(data.chosen.map(([line, place, c]) => [`${line} ${place}`, [line, place, c]]))
  for (const [line, place, character] of taken.values()) lines[line][place] = character

  picture.setAttribute("viewBox", `0 0 ${data.width} ${data.height}`)
  picture.setAttribute("aria-label", `${data.name}, its words outlined`)
  // A small picture is not blown up without end.
  picture.style.maxWidth = `${Math.max(240, 3 * data.width)}px`
  makeSvg(picture, "image", { href: data.picture, width: data.width, height: data.height })
  text.setAttribute("aria-label", `Text of ${data.name}`)

  let open = null
  const close = () => {
    open?.panel.remove()
    open?.button.setAttribute("aria-expanded", "false")
    open?.outline.classList.remove("open")
    open = null
  }

  const wordOf = (line, word) => lines[line].slice(word.place, word.place + word.ranked.length).join("")

  const choose = (line, place, character, word) => {
    lines[line][place] = character
    taken.set(`${line} ${place}`, [line, place, character])
    word.button.textContent = wordOf(line, word)
    for (const other of open.panel.querySelectorAll(`[data-place="${place}"]`)) {
      other.setAttribute("aria-pressed", String(other.dataset.character === character))
    }
    said.textContent = ""
    setStateValue("chosen", [...taken.values()])
  }

  const openWord = (line, word) => {
    const again = open?.button === word.button
    close()
    if (again) return
    const panel = document.createElement("div")
    panel.className = "choices"
    panel.setAttribute("role", "group")
    panel.setAttribute("aria-label", `Other readings of ${wordOf(line, word)}`)
    word.ranked.forEach((ranked, k) => {
      const place = word.place + k
      const label = `Character ${k + 1}`
      const column = make(panel, "div", { class: "character", role: "group", "aria-label": label })
      for (const [character, probability] of ranked) {
        const button = make(column, "button", {
          type: "button",
          "data-place": place,
          "data-character": character,
          "aria-label": `${character === " " ? "space" : character}, ${percent(probability)}`,
          "aria-pressed": String(lines[line][place] === character),
        }, shown(character))
        make(button, "small", {}, percent(probability))
        button.onclick = () => choose(line, place, character, word)
      }
    })
    const done = make(panel, "button", { class: "close", type: "button" }, "Done")
    const leave = () => {
      close()
      word.button.focus()
    }
    done.onclick = leave
    panel.onkeydown = (event) => {
      if (event.key === "Escape") leave()
    }
    word.button.parentElement.after(panel)
    word.button.setAttribute("aria-expanded", "true")
    word.outline.classList.add("open")
    open = { ...word, panel }
    panel.querySelector('[aria-pressed="true"]')?.focus({ preventScroll: true })
    panel.scrollIntoView({ block: "nearest" })
  }

  data.lines.forEach((line, number) => {
    const row = make(text, "div", { class: "line", style: `padding-left: ${line.indent / 2}ch` })
    for (const word of line.words) {
      word.button = make(row, "button", {
        class: word.unsure ? "word unsure" : "word", type: "button", "aria-expanded": "false",
      }, wordOf(number, word))
      word.outline = makeSvg(picture, "polygon", { points: word.polygon.join(" ") })
      word.button.onclick = word.outline.onclick = () => openWord(number, word)
    }
  })

  const content = () => lines
    .map((characters, k) => " ".repeat(data.lines[k].indent) + characters.join("")).join("\n")
  copy.onclick = async () => {
    try {
      await navigator.clipboard.writeText(content())
      said.textContent = "Copied"
    } catch {
      said.textContent = "The browser keeps the clipboard closed: download the text instead."
    }
  }
}
