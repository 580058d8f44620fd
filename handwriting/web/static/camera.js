// Asks for the camera once and says why there is none; see picture_widgets.py.
const WHY = {
  NotFoundError: "There is no camera here. Upload a photograph instead.",
  NotAllowedError: "The camera was refused. Allow it for this page in the browser's settings and "
    + "switch it on again, or upload a photograph.",
}
const INSECURE = "The browser gives the camera only to pages with https. Upload a photograph instead."
const BUSY = "The camera cannot be used now. Close what else uses it, or upload a photograph."

export default function ({ parentElement, setStateValue }) {
  const note = parentElement.querySelector("p")
  if (note.dataset.asked) return
  note.dataset.asked = "yes"
  if (!navigator.mediaDevices?.getUserMedia) {
    note.textContent = INSECURE
    return
  }
  note.textContent = "Waiting for the camera."
  navigator.mediaDevices.getUserMedia({ video: true }).then(
    (stream) => {
      for (const track of stream.getTracks()) track.stop()
      note.textContent = ""
      setStateValue("ready", true)
    },
    (error) => { note.textContent = WHY[error.name] ?? BUSY },
  )
}
