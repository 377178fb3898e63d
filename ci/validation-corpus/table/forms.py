"""Forms of one image: as built correctly, and with its program missing or built for another architecture."""
from images import Image, Layer
from layers import Program, hard_coded, other

ARM64_FAILS = {"amd64": True, "arm64": False}
SERVER = Program("app/server")
SERVER_LAYER, FOREIGN_LAYER, HARD_CODED_LAYER = Layer(SERVER), Layer(other(SERVER)), Layer(hard_coded(SERVER))
NO_LAYER = Layer(Program("app/other"))


def forms(name, kinds, layers, why="starts /app/server", **settings):
    """Returns an image for each letter: good, foreign (on both platforms), hard-coded (amd64) and missing. The last
    layer has the server."""
    variants = {
        "g": ("", SERVER_LAYER, True, why),
        "f": ("-foreign", FOREIGN_LAYER, False, f"{why}, which is for the other architecture"),
        "h": ("-hard-coded", HARD_CODED_LAYER, ARM64_FAILS, f"{why}, a hard-coded amd64 download"),
        "m": ("-missing", NO_LAYER, False, f"{why}, which is missing"),
    }
    for kind in kinds:
        suffix, layer, starts, reason = variants[kind]
        yield Image(name + suffix, reason, [*layers, layer], starts=starts, **settings)
