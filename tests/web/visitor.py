"""A visitor without a browser, who speaks the web app's protocol with any values.

It serves tests of the web app that need many visitors, or crafted values.
"""

import itertools
import re
import time
import urllib.request
import uuid
from typing import Any

from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

_PATIENCE_S = 120


class Visitor:
    """One window of the page.

    Args:
        address: of the page.

    Attributes:
        elements: what stands on the page, by the place where it stands.
        session: how the server calls this window.
    """

    def __init__(self, address: str) -> None:
        self.elements: dict[tuple[int, ...], Message] = {}
        self.session = ""
        self._states: dict[str, WidgetState] = {}
        self._fragments: dict[str, str] = {}
        self._address = address
        self._token = _xsrf_token(address)
        self._socket = connect(
            f"{address.replace('http', 'ws', 1)}/_stcore/stream",
            subprotocols=["streamlit", self._token],
            additional_headers={"Cookie": f"_streamlit_xsrf={self._token}", "Origin": address},
            max_size=None,
        )

    def __enter__(self) -> "Visitor":
        self.tell()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def tell(self, key: str = "", seconds: float = _PATIENCE_S, **value: Any) -> None:
        """Set a widget's value, as ``string_value="x"``, and wait until the page is drawn again."""
        state = WidgetState(id=self.widget(key) if key else "")
        for field, content in value.items():
            _fill(state, field, content)
        self._send(state, seconds)

    def _send(self, state: WidgetState, seconds: float = _PATIENCE_S) -> None:
        """Tell all values, as browsers do, this one among them; triggers are told once."""
        message = BackMsg()
        if state.id:
            self._states[state.id] = state
            message.rerun_script.fragment_id = self._fragments.get(state.id, "")
        message.rerun_script.widget_states.widgets.extend(self._states.values())
        if not message.rerun_script.fragment_id:
            self.elements.clear()
        self._socket.send(message.SerializeToString())
        if "trigger" in (state.WhichOneof("value") or ""):
            del self._states[state.id]
        self._listen(seconds)

    def widget(self, key: str) -> str:
        """The identity of a widget, by its key or its label."""
        for element in self.elements.values():
            name = getattr(element, "id", "")
            if name.endswith(f"-{key}") or getattr(element, "label", "") == key:
                return name
        raise KeyError(key)

    def key_of(self, beginning: str) -> str:
        """The key of a widget that begins so."""
        names = (
            getattr(element, "id", "").rpartition("-")[2] for element in self.elements.values()
        )
        return next(name for name in names if name.startswith(beginning))

    def components(self, key: str) -> list[Message]:
        """The components with a key."""
        return [e for e in self.elements.values() if getattr(e, "id", "").endswith(f"-{key}")]

    def upload(self, name: str, content: bytes) -> str:
        """Send a file as a file uploader does, and return how the server calls it."""
        file, edge = str(uuid.uuid4()), uuid.uuid4().hex
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
        body = f"{head}Content-Type: image/png\r\n\r\n".encode() + content
        request = urllib.request.Request(
            f"{self._address}/_stcore/upload_file/{self.session}/{file}",
            body + f"\r\n--{edge}--\r\n".encode(),
            {
                "Content-Type": f"multipart/form-data; boundary={edge}",
                "X-Xsrftoken": self._token,
                "Cookie": f"_streamlit_xsrf={self._token}",
            },
            method="PUT",
        )
        urllib.request.urlopen(request, timeout=_PATIENCE_S).close()
        return file

    def give(self, key: str, **files: bytes) -> None:
        """Upload files and have a file uploader hold them."""
        state = WidgetState(id=self.widget(key))
        for name, content in files.items():
            info = state.file_uploader_state_value.uploaded_file_info.add()
            info.name, info.size = name, len(content)
            info.file_id = self.upload(name, content)
        self._send(state)
        del self._states[state.id]

    def _listen(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            message = ForwardMsg.FromString(self._socket.recv(max(0.0, end - time.monotonic())))
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session = message.new_session.initialize.session_id
            elif kind == "delta":
                self._keep(tuple(message.metadata.delta_path), message.delta)
            elif kind == "script_finished":
                return

    def _keep(self, place: tuple[int, ...], delta: Message) -> None:
        for old in [other for other in self.elements if other[: len(place)] == place]:
            del self.elements[old]
        if delta.WhichOneof("type") == "new_element":
            kind = delta.new_element.WhichOneof("type")
            self.elements[place] = element = getattr(delta.new_element, kind)
            self._fragments[getattr(element, "id", "")] = delta.fragment_id
        elif delta.WhichOneof("type") == "add_block":
            kind = delta.add_block.WhichOneof("type")
            if kind:
                self.elements[place] = getattr(delta.add_block, kind)


def _fill(state: WidgetState, field: str, content: Any) -> None:
    if isinstance(getattr(state, field), Message):
        getattr(state, field).data.extend(content)
    else:
        setattr(state, field, content)


def _xsrf_token(address: str) -> str:
    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=_PATIENCE_S) as answer:
        cookies = itertools.chain.from_iterable(
            re.findall(r"_streamlit_xsrf=([^;]+)", cookie)
            for cookie in answer.headers.get_all("Set-Cookie") or []
        )
        return next(cookies)
