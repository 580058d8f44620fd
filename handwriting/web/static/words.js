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
const LEFT_OUT = "✕"
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
  for (const { words } of data.lines) {
    for (const word of words) {
      word.letters = word.ranked.map(([[character]]) => character)
      word.text = word.letters.join("")
    }
  }
  for (const [line, place, content] of data.texts) {
    const word = data.lines[line].words[place]
    word.text = content
    if ([...content].length === word.letters.length) word.letters = [...content]
    word.isChanged = true
  }

  picture.setAttribute("viewBox", `0 0 ${data.width} ${data.height}`)
  picture.setAttribute("aria-label", `${data.name}, its words outlined`)
  // A small picture is not blown up without end.
  picture.style.maxWidth = `${Math.max(240, 3 * data.width)}px`
  makeSvg(picture, "image", { href: data.picture, width: data.width, height: data.height })
  text.setAttribute("aria-label", `Text of ${data.name}`)
  // A word, a number or a single line is large, as on the canvas.
  text.classList.toggle("short", data.lines.length === 1)

  let open = null
  const close = () => {
    tellWaiting()
    open?.panel.remove()
    open?.button.setAttribute("aria-expanded", "false")
    open?.outline.classList.remove("open")
    open = null
  }

  let waiting
  const tell = () => {
    clearTimeout(waiting)
    waiting = undefined
    setStateValue("texts", data.lines.flatMap(({ words }, line) => words
      .map((word, place) => [line, place, word.text, word.isChanged])
      .filter(([, , , isChanged]) => isChanged)
      .map((told) => told.slice(0, 3))))
  }
  // Not for each letter that is typed.
  const tellSoon = () => {
    clearTimeout(waiting)
    waiting = setTimeout(tell, 250)
  }
  // Before whatever is pressed next, such as a download.
  const tellWaiting = () => {
    if (waiting) tell()
  }

  const write = (word, content) => {
    word.text = content
    word.isChanged = true
    if ([...content].length === word.letters.length) word.letters = [...content]
    word.button.textContent = content.trim() || LEFT_OUT
    for (const button of open.panel.querySelectorAll("[data-place]")) {
      const { place, character } = button.dataset
      button.setAttribute("aria-pressed", String(word.letters[place] === character))
    }
    said.textContent = ""
  }

  const choose = (word, place, character) => {
    word.letters[place] = character
    write(word, word.letters.join(""))
    open.field.value = word.text
    tell()
  }

  const openWord = (word) => {
    const again = open?.button === word.button
    close()
    if (again) return
    const panel = document.createElement("div")
    panel.className = "choices"
    panel.setAttribute("role", "group")
    panel.setAttribute("aria-label", `Other predictions of ${word.text}`)
    word.ranked.forEach((ranked, place) => {
      const label = `Character ${place + 1}`
      const column = make(panel, "div", { class: "character", role: "group", "aria-label": label })
      for (const [character, probability] of ranked) {
        const button = make(column, "button", {
          type: "button",
          "data-place": place,
          "data-character": character,
          "aria-label": `${character === " " ? "space" : character}, ${percent(probability)}`,
          "aria-pressed": String(word.letters[place] === character),
        }, shown(character))
        make(button, "small", {}, percent(probability))
        button.onclick = () => choose(word, place, character)
      }
      const none = make(column, "button", {
        type: "button",
        "data-place": place,
        "data-character": "",
        "aria-label": "leave out",
        "aria-pressed": String(word.letters[place] === ""),
        title: "Leave this character out",
      }, LEFT_OUT)
      none.onclick = () => choose(word, place, "")
    })
    const label = make(panel, "label", { class: "typed" }, "Or type it")
    const field = make(label, "input", {
      type: "text", autocapitalize: "off", autocomplete: "off", spellcheck: "false", maxlength: 200,
    })
    field.value = word.text
    field.oninput = () => {
      write(word, field.value)
      tellSoon()
    }
    field.onchange = tellWaiting
    const done = make(panel, "button", { class: "close", type: "button" }, "Done")
    const leave = () => {
      close()
      word.button.focus()
    }
    done.onclick = leave
    panel.onkeydown = (event) => {
      if (event.key !== "Escape" && (event.key !== "Enter" || event.target !== field)) return
      // Else the same key would press the word's button, which then has the focus.
      event.preventDefault()
      leave()
    }
    word.button.parentElement.after(panel)
    word.button.setAttribute("aria-expanded", "true")
    word.outline.classList.add("open")
    open = { ...word, panel, field }
    panel.querySelector('[aria-pressed="true"]')?.focus({ preventScroll: true })
    panel.scrollIntoView({ block: "nearest" })
  }

  for (const { polygon, why } of data.unread) {
    const outline = makeSvg(picture, "polygon", { class: "unread", points: polygon.join(" ") })
    makeSvg(outline, "title", {}).textContent = why
  }
  data.lines.forEach((line) => {
    const row = make(text, "div", { class: "line", style: `padding-left: ${line.indent / 2}ch` })
    for (const word of line.words) {
      word.button = make(row, "button", {
        class: word.unsure ? "word unsure" : "word", type: "button", "aria-expanded": "false",
      }, word.text || LEFT_OUT)
      word.outline = makeSvg(picture, "polygon", { points: word.polygon.join(" ") })
      word.button.onclick = word.outline.onclick = () => openWord(word)
    }
  })

  const textOf = ({ words, indent }) => words
    .map(({ gap, text }) => [gap, text.trim().replace(/\s+/g, " ")]).filter(([, text]) => text)
    .reduce((line, [gap, text]) => (line.trim() ? line + gap : line) + text, " ".repeat(indent))
  const content = () => data.lines.map(textOf).filter((line) => line.trim()).join("\n")
  copy.onclick = async () => {
    try {
      await navigator.clipboard.writeText(content())
      said.textContent = "Copied"
    } catch {
      said.textContent = "The browser keeps the clipboard closed: download the text instead."
    }
  }
}
