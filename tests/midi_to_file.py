"""A backend of mido with ports that lead into files: what is sent can be read, whoever sends it.

`MIDO_BACKEND=midi_to_file` chooses it, `MIDI_FILE` names the file: a message in hexadecimal a line.
"""

import os
from pathlib import Path

from mido.messages import Message
from mido.ports import BaseOutput

NAMES = ("Midi Through Port-0", "Loop synth", "Loop sampler")


def get_devices(**_: object) -> list[dict[str, object]]:
    return [{"name": name, "is_input": False, "is_output": True} for name in NAMES]


class Output(BaseOutput):
    def _send(self, message: Message) -> None:
        with Path(os.environ["MIDI_FILE"]).open("a") as file:
            file.write(message.hex() + "\n")
