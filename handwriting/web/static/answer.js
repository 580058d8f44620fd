// The answer, its characters' alternatives, and who read it; see widgets.py.

const element = (tag, name, text) => {
  const made = document.createElement(tag)
  if (name) made.className = name
  if (text) made.textContent = text
  return made
}

const button = (name, text, act) => {
  const made = element("button", name, text)
  made.type = "button"
  made.onclick = act
  return made
}

const press = (buttons, chosen) => {
  for (const one of buttons) one.setAttribute("aria-pressed", one === chosen)
}

const percentOf = (probability) =>
  (probability < 0.005 ? "<1%" : `${Math.round(100 * probability)}%`)

const shown = (character) => (character === " " ? "␣" : character)

// The characters of a text as buttons; each opens its alternatives, and one of these, or none, takes
// its place. Below them each line stands to be typed.
const corrector = (lines, onText) => {
  const texts = lines.map((line) => line.map(([[character]]) => character))
  const whole = element("div", "answer-corrector")
  const keys = element("div", "answer-keys")
  const choices = element("div", "answer-choices")
  const fields = lines.map((_, row) => {
    const field = element("input")
    Object.assign(field, { type: "text", autocomplete: "off", spellcheck: false })
    field.autocapitalize = "off"
    field.ariaLabel = lines.length > 1 ? `Text of line ${row + 1}` : "Text"
    field.oninput = () => say()
    return field
  })
  const say = () => onText(fields.map((field) => field.value).filter(Boolean).join("\n"))
  const write = (row) => {
    fields[row].value = texts[row].join("")
    say()
  }
  const open = (key, row, place) => {
    press(keys.children, key)
    const take = (character, choice) => {
      texts[row][place] = character
      key.textContent = shown(character) || "✕"
      press(choices.children, choice)
      write(row)
    }
    const offered = lines[row][place].map(([character, probability]) => {
      const choice = button("answer-choice", "", () => take(character, choice))
      choice.style.setProperty("--share", `${100 * probability}%`)
      choice.append(element("b", "", shown(character)), " ", element("span", "", percentOf(probability)))
      choice.setAttribute("aria-pressed", character === texts[row][place])
      return choice
    })
    const none = button("answer-none", "Leave out", () => take("", none))
    none.setAttribute("aria-pressed", texts[row][place] === "")
    choices.replaceChildren(...offered, none)
  }
  lines.forEach((line, row) => {
    line.forEach(([[character]], place) => {
      const key = button("answer-key", shown(character), () => open(key, row, place))
      key.title = "Other predictions"
      keys.append(key)
    })
    write(row)
  })
  if (keys.children.length === 1) open(keys.firstChild, 0, 0)
  else whole.append(keys)
  const typed = element("details", "answer-typed")
  typed.append(element("summary", "", "Type it"), ...fields)
  typed.ontoggle = () => typed.open && fields[0].focus()
  whole.append(choices, typed)
  return whole
}

const seenAs = (pictures) => {
  const seen = element("figure", "answer-seen")
  for (const picture of pictures) {
    const image = element("img")
    image.src = picture
    image.alt = ""
    seen.append(image)
  }
  seen.append(element("figcaption", "", "Model input"))
  return seen
}

// The text and what stands below it.
const reading = ({ name, lines, note, sure }) => {
  const heading = element("h2")
  const corrected = corrector(lines, (text) => {
    heading.textContent = text
    heading.hidden = !text
    heading.dataset.length = text.length === 1 ? "one" : text.length > 12 ? "long" : "word"
  })
  const below = element("section", "answer-reading")
  if (name) below.append(element("p", "answer-name", name))
  const bar = element("div", "answer-sure")
  bar.style.setProperty("--share", `${100 * sure}%`)
  below.append(bar, element("p", "answer-note", note), corrected)
  return [heading, below]
}

// What the model saw, and why it read it so.
const explained = ({ name, why, pictures }) => {
  const parts = pictures.length ? [seenAs(pictures)] : []
  if (why) parts.push(element("p", "answer-why", name ? `${name}: ${why}` : why))
  return parts
}

export default function ({ data, parentElement }) {
  const part = (name) => parentElement.querySelector(`.answer-${name}`)
  const readings = data.answers.map(reading)
  part("hint").textContent = data.hint
  // This element stays, so that what comes into it is read out.
  part("texts").replaceChildren(...readings.map(([heading]) => heading))
  part("readings").replaceChildren(...readings.map(([, below]) => below))
  part("details").hidden = !readings.length
  part("explained").replaceChildren(...data.answers.flatMap(explained))
}
